"""What a route asks besides its path: one condition per variable, and an index that finds the routes that could agree.

Rule 1: a variable is the method, the host, one header field or one query parameter; a route has one condition on each.
Rule 2: two routes can take the same request when they agree on every variable that both have a condition on.
Rule 3: a look-up costs the number of different sets of variables, not the number of routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from itertools import product
from typing import NamedTuple

from proxy.core.routing.predicate import HeaderAbsent, HeaderIs, HostIs, Predicate, QueryAbsent, QueryIs
from proxy.core.routing.route import Route


class Kind(Enum):
    """What is asked of a variable."""

    VALUES = "one of some values"
    HOST = "a host, or any host below one"
    PRESENT = "any value"
    ABSENT = "no value"


class Mark(Enum):
    """What a variable can be besides the values that routes name: one that no route names, or nothing."""

    FRESH = "fresh"
    ABSENT = "absent"


class Variable(NamedTuple):
    """`name` of a header field or query parameter."""

    of: str
    name: bytes | str = ""


MOST_ALIKE = 16
Point = bytes | str | Mark
METHOD, HOST = Variable("method"), Variable("host")


class Condition(NamedTuple):
    """What one variable must be."""

    kind: Kind
    values: frozenset[bytes | str] = frozenset()

    def accepts(self, point: Point) -> bool:
        """Whether a request with this point fits; the point `*.example.com` is a fresh host below example.com."""
        match self.kind:
            case Kind.VALUES:
                return point in self.values
            case Kind.HOST:
                return any(each in self.values for each in _hosts_above(point))
            case Kind.PRESENT:
                return point is not Mark.ABSENT
            case _:
                return point is Mark.ABSENT


Signature = frozenset[tuple[Variable, Kind]]


class Asked(NamedTuple):
    """A route with its conditions; `signature` is what is asked of which variables, without the values."""

    route: Route
    conditions: Mapping[Variable, Condition]
    signature: Signature


def asked(route: Route) -> Asked:
    """The conditions of a route."""
    conditions = dict(map(_condition, route.predicates))
    if route.methods is not None:
        conditions[METHOD] = Condition(Kind.VALUES, frozenset(route.methods))
    signature = frozenset((variable, condition.kind) for variable, condition in conditions.items())
    return Asked(route, conditions, signature)


def _condition(predicate: Predicate) -> tuple[Variable, Condition]:
    match predicate:
        case HostIs():
            return HOST, Condition(Kind.HOST, frozenset({predicate.pattern}))
        case HeaderIs():
            return Variable("header", predicate.name), _some(frozenset(predicate.values))
        case HeaderAbsent():
            return Variable("header", predicate.name), Condition(Kind.ABSENT)
        case QueryIs():
            return Variable("query", predicate.name), _some(frozenset(predicate.values))
        case QueryAbsent():
            return Variable("query", predicate.name), Condition(Kind.ABSENT)
        case _:
            raise TypeError(predicate)


def _some(values: frozenset[bytes | str]) -> Condition:
    return Condition(Kind.VALUES, values) if values else Condition(Kind.PRESENT)


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

    def add(self, new: Asked) -> None:
        """Put a route in."""
        self._groups.setdefault(new.signature, _Group()).add(new)

    @property
    def signatures(self) -> list[Signature]:
        """The different sets of variables and kinds."""
        return list(self._groups)

    def agreeing(self, signature: Signature, other: Asked) -> list[Asked]:
        """The routes of one signature that could take a request which `other` takes; hosts are the same or wider.

        Of routes that are in conflict with each other, the first in the file; of many that are in none, `MOST_ALIKE`.
        """
        return self._groups[signature].agreeing(other)


class _Group:
    """Routes that ask the same kinds of things of the same variables: one hash table per set compared."""

    def __init__(self) -> None:
        self._members: list[Asked] = []
        self._tables: dict[tuple[Variable, ...], _Table] = {}

    def add(self, new: Asked) -> None:
        self._members.append(new)
        for compared, table in self._tables.items():
            _store(table, compared, new)

    def agreeing(self, other: Asked) -> list[Asked]:
        pairs = [
            (variable, condition.kind, other.conditions[variable].kind)
            for variable, condition in self._members[0].conditions.items()
            if variable in other.conditions
        ]
        if any((ours is Kind.ABSENT) != (theirs is Kind.ABSENT) for _, ours, theirs in pairs):
            return []
        compared = tuple(variable for variable, ours, theirs in pairs if {ours, theirs} in ({Kind.VALUES}, {Kind.HOST}))
        table = self._table(compared)
        found: dict[int, Asked] = {}
        for key in product(*(_wider(other.conditions[each]) for each in compared)):
            found |= {member.route.index: member for member in table.get(key, ())}
        return list(found.values())

    def _table(self, compared: tuple[Variable, ...]) -> _Table:
        table = self._tables.get(compared)
        if table is None:
            table = self._tables[compared] = {}
            for member in self._members:
                _store(table, compared, member)
        return table


_Table = dict[tuple[object, ...], list[Asked]]


def _store(table: _Table, compared: tuple[Variable, ...], new: Asked) -> None:
    """Under each of its values, beside those that it is in no conflict with: by what is not compared, they differ."""
    for key in product(*(new.conditions[each].values for each in compared)):
        members = table.setdefault(key, [])
        if len(members) < MOST_ALIKE and not any(_agree(new, each) for each in members):
            members.append(new)


def _agree(one: Asked, other: Asked) -> bool:
    """Whether two routes of one signature could take the same request."""
    return all(_meet(condition, other.conditions[variable]) for variable, condition in one.conditions.items())


def _meet(one: Condition, other: Condition) -> bool:
    if one.kind not in (Kind.VALUES, Kind.HOST):
        return True
    return any(other.accepts(each) for each in one.values) or any(one.accepts(each) for each in other.values)


def _wider(condition: Condition) -> list[Point]:
    """The values, and for a host the wildcards above it too."""
    if condition.kind is Kind.HOST:
        return [each for value in condition.values for each in _hosts_above(value)]
    return list(condition.values)
