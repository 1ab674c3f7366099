"""What shadows do that nobody may have thought of: how often each side is asked, and in whose name.

Rule 1: a remark is printed and is no warning: `--strict` passes it. One line stands for all routes that it is about.
Rule 2: a warning is for what certainly goes wrong: a route that only clients with credentials reach, shadowed without.
Rule 3: what the file says outright is meant: `effects`, or `credentials: drop`, on the route or at the top.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proxy.config.read import Draft
from proxy.config.text.problem import Problem
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.predicate import HeaderAbsent
from proxy.core.routing.route import Route
from proxy.core.routing.shadow import CREDENTIALS, Carry, is_shadowed

MOST_NAMED = 20
"""Routes that one remark names."""
_READS = frozenset({b"GET", b"HEAD"})
_UNDECLARED = (
    "legacy is asked once for each request, and noise is learned from requests that repeat within a minute; "
    "effects: safe lets legacy be asked twice. Where both sides share a store, a GET that changes something must be "
    "declared effects: unsafe, or new's shadow changes it too"
)
_BY_CREDENTIAL = (
    "which the shadow's copy does not carry (credentials: drop is the default); where answers depend on it, write "
    "shadow: {credentials: forward}, or replace"
)
_BARE = (
    "only requests with credentials come here, and the shadow's copy does not carry them (credentials: drop is the "
    "default); write shadow: {credentials: forward}, or replace, or drop if new answers without"
)


def shadows_without_credentials(draft: Draft, routes: Sequence[Route]) -> Iterator[Problem]:
    """Rule 2."""
    for route in _bare(draft, routes):
        asked = (each.fields for each in route.predicates if not isinstance(each, HeaderAbsent))
        if any(not CREDENTIALS.isdisjoint(fields) for fields in asked):
            yield draft.problem(("routes", route.index, "match"), _BARE)


def shadows_to_know(draft: Draft, routes: Sequence[Route]) -> Iterator[Problem]:
    """Rule 1."""
    undeclared = [each for each in _shadowed(routes) if each.effects is None and _reads(each)]
    if undeclared:
        yield draft.problem(
            ("routes", undeclared[0].index), f"nobody declared the GETs of {_named(undeclared)}: {_UNDECLARED}"
        )
    told_apart = [each for each in _bare(draft, routes) if any(map(_is_credential, each.cohort))]
    if told_apart:
        sentence = f"clients of {_named(told_apart)} are told apart by a credential, {_BY_CREDENTIAL}"
        yield draft.problem(("routes", told_apart[0].index, "cohort"), sentence)


def _is_credential(source: CohortSource) -> bool:
    """The anonymous cohort's cookie is Banyan's own."""
    return source.kind is not SourceKind.ANONYMOUS and not CREDENTIALS.isdisjoint(source.fields)


def _shadowed(routes: Sequence[Route]) -> Iterator[Route]:
    return (each for each in routes if is_shadowed(each.shadow, each.stage))


def _reads(route: Route) -> bool:
    return route.methods is None or not _READS.isdisjoint(route.methods)


def _bare(draft: Draft, routes: Sequence[Route]) -> Iterator[Route]:
    """Those whose shadows drop credentials, and nobody said so."""
    top = draft.settings.shadow
    if top is not None and top.credentials is not None:
        return
    said = {each.place for each in draft.routes if each.block.shadow is not None and each.block.shadow.credentials}
    for route in _shadowed(routes):
        if route.index not in said and route.shadow is not None and route.shadow.carry is Carry.DROP:
            yield route


def _named(routes: Sequence[Route]) -> str:
    more = len(routes) - MOST_NAMED
    return ", ".join(each.name for each in routes[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
