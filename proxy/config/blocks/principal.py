"""`principal:` at the top: what upstreams are told of who calls, on every route.

Rule 1: a field that Banyan or HTTP gives a meaning already is not to be named here, and no two names may read as one.
Rule 2: what Banyan alone sets no client can send, so no route may ask for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Annotated

from pydantic import BeforeValidator, Field

from proxy.config.block import Block, Draft, KeysAt, Section, optional
from proxy.config.blocks.route import RouteWithAnswer
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, matching
from proxy.config.readers.sources import TOKEN
from proxy.config.text.problem import FileProblem, Path
from proxy.core.auth.principal_policy import PrincipalField, PrincipalPolicy, RoutePrincipal
from proxy.core.http.headers import is_free, spelled
from proxy.core.routing.shadow_headers import CONDITIONS, CREDENTIALS

MOST_FIELDS = 16
_CLAIM = re.compile(r"[\x21-\x7e]{1,256}")
_FIELDS: Path = ("principal", "fields")
_ONLY_FOR_SIDES = frozenset({*CONDITIONS, *CREDENTIALS})
"""What the other side of a shadow or of a write to both does not get."""


def read_name(value: object) -> str:
    """A field's name, as it is to be written."""
    if isinstance(value, str) and TOKEN.fullmatch(value) and spelled(value.encode("ascii")):
        return str(value)
    raise fault("is not the name of a header field")


def read_claim(value: object) -> str:
    """The name of a claim at the top of a token's payload."""
    if isinstance(value, str) and _CLAIM.fullmatch(value):
        return str(value)
    raise fault("must be the name of a claim, such as sub or scope")


FieldName = Annotated[str, BeforeValidator(read_name), TEXT]
Claim = Annotated[str, BeforeValidator(read_claim), matching(_CLAIM)]


class PrincipalBlock(Block):
    """What upstreams are told."""

    fields: Annotated[dict[FieldName, Claim], Field(max_length=MOST_FIELDS)] | None = optional(
        f"Request fields by name, each with the claim that it carries; at most {MOST_FIELDS}. They are Banyan's alone: "
        "whoever sends them, in whatever spelling, on whatever route, they are dropped.",
        {"X-Member": "sub", "X-Scopes": "scope"},
    )


class PrincipalAtTop(Block):
    """What upstreams are told of who calls."""

    principal: PrincipalBlock | None = optional(
        "What upstreams are told of who calls, as `auth` has verified it.", {"fields": {"X-Member": "sub"}}
    )


class PrincipalOfRoute(Block):
    """No key of its own: what is said at the top holds on every route."""


def names_are_free(draft: Draft) -> Iterator[FileProblem]:
    """Rule 1."""
    for name in _named(draft):
        path: Path = (*_FIELDS, name)
        lower = name.lower().encode("ascii")
        if not is_free(lower):
            message = "is a field that Banyan or HTTP gives a meaning already; take a name of your own: X-Member"
            yield draft.problem(path, message, at_key=True)
        elif lower in _ONLY_FOR_SIDES:
            message = "is taken for a client's own credentials or conditions, which shadows do not get; take another"
            yield draft.problem(path, message, at_key=True)


def names_are_apart(draft: Draft) -> Iterator[FileProblem]:
    """Rule 1: an upstream may read a name without its marks."""
    for first, second in combinations(_named(draft), 2):
        if spelled(first.encode("ascii")) == spelled(second.encode("ascii")):
            yield draft.problem((*_FIELDS, second), f"reads as {first} to some upstreams; take one out", at_key=True)


def routes_do_not_ask(draft: Draft) -> Iterator[FileProblem]:
    """Rule 2: predicates, cohorts and steps."""
    owned = {spelled(name.encode("ascii")): name for name in reversed(_named(draft))}
    for route in draft.built if owned else ():
        for asked in sorted(route.fields):
            if spelled(asked) in owned:
                name = owned[spelled(asked)]
                message = f"asks for {asked.decode('ascii')}, which no client can send: principal has Banyan set {name}"
                yield draft.problem(("routes", route.index), message)


def replacements_are_others(draft: Draft) -> Iterator[FileProblem]:
    """Of what shadows carry in the stead of credentials, none is a field that says who calls."""
    owned = {spelled(name.encode("ascii")) for name in _named(draft)}
    for route in draft.built if owned else ():
        lines = () if route.shadow is None else route.shadow.replacements.reveal()
        if any(spelled(line.partition(b":")[0]) in owned for line in lines):
            message = "replaces a field of principal, which the shadow has as Banyan sets it; take it out"
            yield draft.problem(("routes", route.index, "shadow"), message)


def nobody_is_known(draft: Draft) -> Iterator[FileProblem]:
    """Without a policy there is no principal."""
    if draft.top(PrincipalAtTop).principal is not None and not _checks_callers(draft):
        message = "no policy checks who calls, so these fields are dropped from requests and never set; write auth"
        yield draft.problem(("principal",), message, at_key=True)


def _named(draft: Draft) -> list[str]:
    block = draft.top(PrincipalAtTop).principal
    return [str(name) for name in (block.fields or {})] if block is not None else []


def _checks_callers(draft: Draft) -> bool:
    return "auth" in draft.root.entries


def _sets(draft: Draft) -> tuple[PrincipalField, ...]:
    block = draft.top(PrincipalAtTop).principal
    said = {} if block is None else block.fields or {}
    return tuple(PrincipalField(name=str(name), claim=str(claim)) for name, claim in said.items())


def _policy(_: PrincipalAtTop, draft: Draft) -> Mapping[str, object]:
    return {"principal": PrincipalPolicy(sets=_sets(draft))}


def _step(keys: RouteWithAnswer, draft: Draft) -> RoutePrincipal | None:
    """Where somebody may be known, and something goes to a side."""
    if not _checks_callers(draft) or keys.stage is None:
        return None
    sets = draft.shared(_sets(draft))
    return RoutePrincipal(sets=sets) if sets else None


PRINCIPAL = Section(
    top=KeysAt(PrincipalAtTop, _policy),
    route=KeysAt(PrincipalOfRoute, lambda _, __: {}, step=_step),
    checks=(names_are_free, names_are_apart, routes_do_not_ask, replacements_are_others),
    warnings=(nobody_is_known,),
)
