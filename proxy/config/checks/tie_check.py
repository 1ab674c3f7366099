"""What is wrong between the values that tie requests to a side, though every one of them is right."""

from __future__ import annotations

from collections.abc import Iterator

from proxy.config.read import Draft
from proxy.config.text.problem import Path, Problem
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.tie import PLAIN_COOKIES

ALWAYS_THERE = (SourceKind.CLIENT_IP, SourceKind.ANONYMOUS)
"""Sources that every request has."""


def flows_can_be_found(draft: Draft) -> Iterator[Problem]:
    """`path:NAME` names a parameter of the route's own path; no source stands twice."""
    for index, block in draft.routes:
        if block.stay is None:
            continue
        for place, source in enumerate(block.stay.by):
            path: Path = ("routes", index, "stay", "by", place)
            if source.kind is SourceKind.PATH and block.match.path.position(source.name) < 0:
                parameters = ", ".join(name for name, _ in block.match.path.parameters) or "none"
                yield draft.problem(path, f"the path has no {{{source.name}}}; its parameters are: {parameters}")
            if source in block.stay.by[:place]:
                yield draft.problem(path, "stands twice; take one out")


def pins_are_clear(draft: Draft) -> Iterator[Problem]:
    """A cohort is on one side; keys are those of a source that has keys people know."""
    for index, block in draft.routes:
        if block.pin is None:
            continue
        path: Path = ("routes", index, "pin")
        if block.pin.new is None and block.pin.legacy is None:
            yield draft.problem(path, "pins nobody; say new: or legacy:, or take it out", at_key=True)
        both = (block.pin.new or frozenset()) & (block.pin.legacy or frozenset())
        for key in sorted(both):
            message = f'"{key.decode("utf-8", "replace")}" is pinned to both sides; take it out of one'
            yield draft.problem((*path, "legacy"), message)
        for role in ("new", "legacy"):
            name = getattr(block, role) or role
            if getattr(block.pin, role) and draft.declared is not None and name not in draft.declared:
                message = f'there is no upstream "{name}"; add it below upstreams, or take the pins out'
                yield draft.problem((*path, role), message, at_key=True)
        if _is_only(block.cohort, SourceKind.ANONYMOUS):
            message = "names keys, and anonymous cohorts have none that anybody knows; add a source to cohort"
            yield draft.problem(path, message, at_key=True)


def cookies_are_two(draft: Draft) -> Iterator[Problem]:
    """One name cannot stand for both."""
    cookies = draft.settings.cookies
    if cookies is not None and cookies.side == (cookies.cohort or PLAIN_COOKIES.cohort):
        yield draft.problem(("cookies", "side"), "is the name of the cohort's cookie, too; choose another")


def unshared_keys(draft: Draft) -> Iterator[Problem]:
    """Replicas that share a database are to know each other's cookies, too; a warning."""
    settings = draft.settings
    cookies = settings.cookies
    if not settings.state.startswith("postgres"):
        return
    for index, block in draft.routes:
        if SourceKind.ANONYMOUS in [each.kind for each in block.cohort or ()] and not (cookies and cookies.key):
            message = "each replica signs with a key of its own; give all of them the same: cookies: {key: ${NAME}}"
            yield draft.problem(("routes", index, "cohort"), message)
        for key in ("affinity", "stay"):
            if getattr(block, key) is not None and not (cookies and cookies.key and cookies.side):
                message = (
                    "holds on each machine by itself; for replicas write cookies: {key: ${NAME}, side: banyan_side}"
                )
                yield draft.problem(("routes", index, key), message)


def _is_only(cohort: tuple[CohortSource, ...] | None, kind: SourceKind) -> bool:
    return cohort is not None and all(each.kind is kind for each in cohort)


TIE_RULES = (flows_can_be_found, pins_are_clear, cookies_are_two)
