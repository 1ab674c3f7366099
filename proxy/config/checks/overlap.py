"""What a route asks besides its path, and two routes between which the table cannot choose.

Rule 1: a variable is the method, the host, one header field or one query parameter; a route has one condition on each.
Rule 2: two routes can take the same request when they agree on every variable that both have a condition on.
Rule 3: a look-up costs the number of different sets of variables, not the number of routes, so that ten thousand hosts
        on one path load as fast as one each.
Rule 4: a conflict is one path, one rank, and a request that both would take; different values of one field are taken
        as different requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from itertools import product
from typing import NamedTuple

from proxy.core.routing.predicate import ClaimHolds, HeaderAbsent, HeaderIs, HostIs, Predicate, QueryAbsent, QueryIs
from proxy.core.routing.route import Route
from proxy.core.routing.table import rank


class ConditionKind(Enum):
    """What is asked of a variable."""

    VALUES = "one of some values"
    HOST = "a host, or any host below one"
    PRESENT = "any value"
    ABSENT = "no value"


class Unnamed(Enum):
    """What a variable can be besides the values that routes name: one that no route names, or nothing."""

    FRESH = "fresh"
    ABSENT = "absent"


class Variable(NamedTuple):
    """`name` of a header field or query parameter."""

    of: str
    name: bytes | str = ""


MOST_ALIKE = 16
"""Routes in no conflict with each other that are kept under one value."""
MAX_SIGNATURES = 256
"""Different sets of conditions on one path; with more, nobody could say which route takes what."""
Point = bytes | str | Unnamed
METHOD, HOST = Variable("method"), Variable("host")


class VariableCondition(NamedTuple):
    """What one variable must be."""

    kind: ConditionKind
    values: frozenset[bytes | str] = frozenset()

    def accepts(self, point: Point) -> bool:
        """Whether a request with this point fits; the point `*.example.com` is a fresh host below example.com."""
        match self.kind:
            case ConditionKind.VALUES:
                return point in self.values
            case ConditionKind.HOST:
                return any(host in self.values for host in _hosts_above(point))
            case ConditionKind.PRESENT:
                return point is not Unnamed.ABSENT
            case _:
                return point is Unnamed.ABSENT


Signature = frozenset[tuple[Variable, ConditionKind]]


class RouteConditions(NamedTuple):
    """A route with its conditions; `signature` is what is asked of which variables, without the values."""

    route: Route
    conditions: Mapping[Variable, VariableCondition]
    signature: Signature


def conditions_of(route: Route) -> RouteConditions:
    """The conditions of a route."""
    conditions = dict(map(_condition, route.predicates))
    if route.methods is not None:
        conditions[METHOD] = VariableCondition(ConditionKind.VALUES, frozenset(route.methods))
    signature = frozenset((variable, condition.kind) for variable, condition in conditions.items())
    return RouteConditions(route, conditions, signature)


def _condition(predicate: Predicate) -> tuple[Variable, VariableCondition]:
    match predicate:
        case HostIs():
            return HOST, VariableCondition(ConditionKind.HOST, frozenset({predicate.pattern}))
        case HeaderIs():
            return Variable("header", predicate.name), _some(frozenset(predicate.values))
        case HeaderAbsent():
            return Variable("header", predicate.name), VariableCondition(ConditionKind.ABSENT)
        case ClaimHolds():
            return Variable("claim", predicate.claim.name), _some(frozenset(predicate.claim.values))
        case QueryIs():
            return Variable("query", predicate.name), _some(frozenset(predicate.values))
        case QueryAbsent():
            return Variable("query", predicate.name), VariableCondition(ConditionKind.ABSENT)
        case _:
            raise TypeError(predicate)


def _some(values: frozenset[bytes | str]) -> VariableCondition:
    return VariableCondition(ConditionKind.VALUES, values) if values else VariableCondition(ConditionKind.PRESENT)


def _hosts_above(point: Point) -> list[Point]:
    """The host itself and every wildcard that covers it."""
    if not isinstance(point, str):
        return [point]
    labels = point.split(".")
    return [point, *(f"*.{'.'.join(labels[at:])}" for at in range(1, len(labels)))]


class Index:
    """Routes of one path by their conditions."""

    def __init__(self) -> None:
        """Empty."""
        self._groups: dict[Signature, _Group] = {}

    def add(self, new: RouteConditions) -> None:
        """Put a route in."""
        self._groups.setdefault(new.signature, _Group()).add(new)

    @property
    def signatures(self) -> list[Signature]:
        """The different sets of variables and kinds."""
        return list(self._groups)

    def agreeing(self, signature: Signature, other: RouteConditions) -> list[RouteConditions]:
        """The routes of one signature that could take a request which `other` takes; hosts are the same or wider.

        Of routes that are in conflict with each other, the first in the file; of many that are in none, `MOST_ALIKE`.
        """
        return self._groups[signature].agreeing(other)


class _Group:
    """Routes that ask the same kinds of things of the same variables: one hash table per set compared."""

    def __init__(self) -> None:
        self._members: list[RouteConditions] = []
        self._tables: dict[tuple[Variable, ...], _Table] = {}

    def add(self, new: RouteConditions) -> None:
        self._members.append(new)
        for compared, table in self._tables.items():
            _store(table, compared, new)

    def agreeing(self, other: RouteConditions) -> list[RouteConditions]:
        pairs = [
            (variable, condition.kind, other.conditions[variable].kind)
            for variable, condition in self._members[0].conditions.items()
            if variable in other.conditions
        ]
        if any((ours is ConditionKind.ABSENT) != (theirs is ConditionKind.ABSENT) for _, ours, theirs in pairs):
            return []
        compared = tuple(
            variable
            for variable, ours, theirs in pairs
            if {ours, theirs} in ({ConditionKind.VALUES}, {ConditionKind.HOST})
        )
        table = self._table(compared)
        found: dict[int, RouteConditions] = {}
        for key in product(*(_wider(other.conditions[variable]) for variable in compared)):
            found |= {member.route.index: member for member in table.get(key, ())}
        return list(found.values())

    def _table(self, compared: tuple[Variable, ...]) -> _Table:
        table = self._tables.get(compared)
        if table is None:
            table = self._tables[compared] = {}
            for member in self._members:
                _store(table, compared, member)
        return table


_Table = dict[tuple[object, ...], list[RouteConditions]]


def _store(table: _Table, compared: tuple[Variable, ...], new: RouteConditions) -> None:
    """Under each of its values, beside those that it is in no conflict with: by what is not compared, they differ."""
    for key in product(*(new.conditions[variable].values for variable in compared)):
        members = table.setdefault(key, [])
        if len(members) < MOST_ALIKE and not any(_agree(new, member) for member in members):
            members.append(new)


def _agree(one: RouteConditions, other: RouteConditions) -> bool:
    """Whether two routes of one signature could take the same request."""
    return all(_meet(condition, other.conditions[variable]) for variable, condition in one.conditions.items())


def _meet(one: VariableCondition, other: VariableCondition) -> bool:
    if one.kind not in (ConditionKind.VALUES, ConditionKind.HOST):
        return True
    return any(map(other.accepts, one.values)) or any(map(one.accepts, other.values))


def _wider(condition: VariableCondition) -> list[Point]:
    """The values, and for a host the wildcards above it too."""
    if condition.kind is ConditionKind.HOST:
        return [host for value in condition.values for host in _hosts_above(value)]
    return list(condition.values)


def crowded(routes: Iterable[RouteConditions]) -> Iterator[Route]:
    """For each path with more than `MAX_SIGNATURES` sets of conditions, the route that has one too many."""
    seen: dict[object, set[Signature]] = {}
    for entry in routes:
        signatures = seen.setdefault(entry.route.pattern.shape, set())
        before = len(signatures)
        signatures.add(entry.signature)
        if before == MAX_SIGNATURES < len(signatures):
            yield entry.route


def conflicts(routes: Iterable[RouteConditions]) -> Iterator[tuple[Route, Route]]:
    """`(later, earlier)` for every route that conflicts with one before it; the first such one is named."""
    indexes: dict[object, Index] = {}
    for entry in routes:
        index = indexes.setdefault((entry.route.pattern.shape, rank(entry.route)), Index())
        earlier = _first(index, entry)
        if earlier is not None:
            yield entry.route, earlier
        index.add(entry)


def _first(index: Index, new: RouteConditions) -> Route | None:
    found = [earlier.route for signature in index.signatures for earlier in index.agreeing(signature, new)]
    return min(found, key=lambda route: route.index, default=None)
