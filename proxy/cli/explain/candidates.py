"""Which routes came near a request, in the order in which the table asks them, and why each was taken or not.

Rule 1: order and answers come from `RouteTable` itself, asked about fewer routes; its rules are not repeated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from proxy.core.auth.token_claims import texts_of
from proxy.core.http.request import RequestHead
from proxy.core.http.target import readings
from proxy.core.routing.predicate import (
    ClaimHolds,
    HeaderAbsent,
    HeaderIs,
    HostIs,
    Predicate,
    QueryAbsent,
    QueryIs,
    query_values,
)
from proxy.core.routing.route import Route
from proxy.core.routing.table import Miss, RouteTable, rank


class Fit(StrEnum):
    """What became of a route whose path fits; `NOT_ASKED` fits too, but a more specific one was asked first."""

    TAKEN = "taken"
    DECLINED = "declined"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A route whose path fits the request; `why` holds one sentence for each thing that declined."""

    route: Route
    fit: Fit
    why: tuple[str, ...]


def candidates(table: RouteTable, head: RequestHead) -> list[Candidate]:
    """Every route whose path fits, first the one that is asked first; none for a path that has no one reading."""
    taken = table.match(head)
    if isinstance(taken, Miss) and taken.ambiguous:
        return []
    found: list[Candidate] = []
    for route in _in_order(table.routes, head):
        why = tuple(declined_by(route, head))
        fit = Fit.TAKEN if route is taken else Fit.DECLINED if why else Fit.NOT_ASKED
        found.append(Candidate(route=route, fit=fit, why=why))
    return found


def _in_order(routes: Iterable[Route], head: RequestHead) -> Iterator[Route]:
    """Stripped to its path, the table's first answer is the most specific route; without that one, the next is."""
    bare = {_by_path_alone(route): route for route in sorted(routes, key=rank, reverse=True)}
    left = [each for each in bare if RouteTable((each,)).match(head) is each]
    while left:
        first = RouteTable(left).match(head)
        if not isinstance(first, Route):  # an ambiguous path: its readings do not agree on an order
            yield from (bare[each] for each in left)
            return
        left.remove(first)
        yield bare[first]


def _by_path_alone(route: Route) -> Route:
    return replace(route, methods=None, predicates=())


def other_readings(table: RouteTable, head: RequestHead) -> Iterator[tuple[str, str]]:
    """The ways to read an ambiguous path, each with its route's name (empty: none): as it was sent, and those of others
    that are clear themselves.
    """
    as_sent = table.by_raw_path(head)
    yield head.path.decode("latin-1"), as_sent.name if as_sent is not None else ""
    for reading in readings(head.path):
        found = table.match(_read_as(head, reading))
        if isinstance(found, Route) or not found.ambiguous:
            yield reading.decode("latin-1"), found.name if isinstance(found, Route) else ""


def _read_as(head: RequestHead, path: bytes) -> RequestHead:
    """The head with another path; made anew, since `copy` leaves every field of a compiled one unset."""
    other = RequestHead(head.method, head.target, path, head.query, head.minor)
    other.take_fields(head)
    other.claims = head.claims
    return other


def asked_about(predicate: Predicate) -> str:
    """What a predicate looks at, in a few words."""
    match predicate:
        case HostIs(pattern=pattern):
            return f"host {pattern}"
        case HeaderIs(name=name):
            return f"header {_text(name)}"
        case HeaderAbsent(name=name):
            return f"no header {_text(name)}"
        case ClaimHolds(claim=claim):
            return f"claim {claim.name}"
        case QueryIs(name=name):
            return f"query {name}"
        case QueryAbsent(name=name):
            return f"no query {name}"
        case _:
            return type(predicate).__name__


def declined_by(route: Route, head: RequestHead) -> Iterator[str]:
    """A sentence for the method and for each predicate that this request does not fit."""
    if route.methods is not None and head.method not in route.methods:
        yield f"method is {_text(head.method)}, the route takes {_either(map(_text, route.methods))}"
    for predicate in route.predicates:
        if not predicate.matches(head):
            yield _declined(predicate, head)


def _declined(predicate: Predicate, head: RequestHead) -> str:
    match predicate:
        case HostIs(pattern=pattern):
            return f"host is {head.host}, the route wants {pattern}"
        case HeaderIs(name=name, values=values):
            return _wanted(f"header {_text(name)}", map(_text, head.fields.get(name, ())), map(_text, values))
        case HeaderAbsent(name=name):
            return f"header {_text(name)} is sent, the route wants it absent"
        case ClaimHolds(claim=claim):
            said = () if head.claims is None else texts_of(head.claims.get(claim.name))
            return _wanted(f"claim {claim.name} of a verified token", said, claim.values)
        case QueryIs(name=name, values=values):
            return _wanted(f"query parameter {name}", query_values(head.query, name), values)
        case QueryAbsent(name=name):
            return f"query parameter {name} is sent, the route wants it absent"
        case _:
            return f"{type(predicate).__name__} does not fit"


def _wanted(what: str, sent: Iterable[str], values: Iterable[str]) -> str:
    got = " and ".join(map(repr, sent))
    wants = _either(map(repr, values)) or "any value"
    return f"{what} is {got or 'not sent'}, the route wants {wants}"


def _either(words: Iterable[str]) -> str:
    return " or ".join(sorted(words))


def _text(value: bytes) -> str:
    return value.decode("latin-1")
