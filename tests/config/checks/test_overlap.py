from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.checks.overlap import (
    HOST,
    MAX_SIGNATURES,
    METHOD,
    ConditionKind,
    Index,
    Point,
    Unnamed,
    Variable,
    VariableCondition,
    conditions_of,
    conflicts,
    crowded,
)
from proxy.core.http.request import RequestHead
from proxy.core.routing.predicate import HeaderAbsent, HeaderIs, HostIs, QueryAbsent, QueryIs
from proxy.core.routing.route import Route
from proxy.core.routing.table import rank
from tests.config.tables import TABLES
from tests.core.asking import route


def test_a_route_asks_one_condition_of_each_variable() -> None:
    """Methods, host, headers and query become conditions; the signature leaves out the values."""
    found = conditions_of(
        route(
            "a",
            "/",
            HostIs("*.x"),
            HeaderIs(b"h", frozenset({b"1"})),
            HeaderIs(b"any", frozenset()),
            HeaderAbsent(b"none"),
            QueryIs("q", frozenset({"2"})),
            QueryIs("any", frozenset()),
            QueryAbsent("none"),
            methods="GET,PUT",
        )
    )

    assert found.conditions == {
        METHOD: VariableCondition(ConditionKind.VALUES, frozenset({b"GET", b"PUT"})),
        HOST: VariableCondition(ConditionKind.HOST, frozenset({"*.x"})),
        Variable("header", b"h"): VariableCondition(ConditionKind.VALUES, frozenset({b"1"})),
        Variable("header", b"any"): VariableCondition(ConditionKind.PRESENT),
        Variable("header", b"none"): VariableCondition(ConditionKind.ABSENT),
        Variable("query", "q"): VariableCondition(ConditionKind.VALUES, frozenset({"2"})),
        Variable("query", "any"): VariableCondition(ConditionKind.PRESENT),
        Variable("query", "none"): VariableCondition(ConditionKind.ABSENT),
    }
    assert (METHOD, ConditionKind.VALUES) in found.signature
    assert len(found.signature) == 8


class Odd:
    """A predicate that nobody has told the analysis about."""

    fields: frozenset[bytes] = frozenset()

    def matches(self, head: RequestHead) -> bool:
        return bool(head.path)

    def overlaps(self, other: object) -> bool:
        return other is not None


def test_a_new_kind_of_predicate_must_be_told() -> None:
    """A predicate that the analysis does not know is a mistake of the program, not something to pass over."""
    with pytest.raises(TypeError, match="Odd"):
        conditions_of(route("a", "/", Odd()))


@pytest.mark.parametrize(
    ("condition", "points"),
    [
        (VariableCondition(ConditionKind.VALUES, frozenset({b"1"})), {b"1"}),
        (VariableCondition(ConditionKind.PRESENT), {b"1", b"2", Unnamed.FRESH}),
        (VariableCondition(ConditionKind.ABSENT), {Unnamed.ABSENT}),
    ],
)
def test_conditions_accept_points(condition: VariableCondition, points: set[Point]) -> None:
    """A condition accepts values, a value that no route names, or nothing."""
    everything: list[Point] = [b"1", b"2", Unnamed.FRESH, Unnamed.ABSENT]

    assert {point for point in everything if condition.accepts(point)} == points


@pytest.mark.parametrize(
    ("pattern", "hosts"),
    [("a.x", {"a.x"}), ("*.x", {"a.x", "*.x", "*.b.x", "c.b.x"}), ("*.b.x", {"*.b.x", "c.b.x"})],
)
def test_hosts_accept_what_is_below_them(pattern: str, hosts: set[str]) -> None:
    """A wildcard accepts every name, and every fresh name, below it; no host accepts one that is not named."""
    condition = VariableCondition(ConditionKind.HOST, frozenset({pattern}))

    assert {host for host in ("a.x", "*.x", "*.b.x", "c.b.x", "x") if condition.accepts(host)} == hosts
    assert not condition.accepts(Unnamed.FRESH)


def _found(index: Index, each: Route) -> set[int]:
    other = conditions_of(each)
    return {member.route.index for signature in index.signatures for member in index.agreeing(signature, other)}


@given(TABLES, st.data())
def test_an_index_finds_exactly_who_overlaps(routes: list[Route], data: st.DataObject) -> None:
    """Of routes that are in no conflict among themselves, an index finds those that overlap by their predicates."""
    target = data.draw(st.sampled_from(routes))
    index, stored = Index(), list[Route]()
    for each in routes:
        if not any(overlap(each, other) for other in stored):
            index.add(conditions_of(each))
            stored.append(each)

    expected = {each.index for each in stored if overlap(each, target) and not narrower(each, target)}

    assert _found(index, target) - {each.index for each in stored if narrower(each, target)} == expected


def overlap(one: Route, other: Route) -> bool:
    methods = one.methods is None or other.methods is None or one.methods & other.methods
    return bool(methods) and all(mine.overlaps(its) for mine in one.predicates for its in other.predicates)


def narrower(one: Route, other: Route) -> bool:
    """Whether one's host lies below the other's wildcard: an index looks for the same hosts and wider ones only."""
    mine = [each for each in one.predicates if isinstance(each, HostIs)]
    its = [each for each in other.predicates if isinstance(each, HostIs)]
    return any(b.covers(a.pattern) and a != b for a in mine for b in its)


def test_an_index_keeps_up_with_routes_added_later() -> None:
    """A look-up between two additions takes nothing away from the next."""
    index = Index()
    first = route("first", "/", HeaderIs(b"h", frozenset({b"1"})), index=0)
    second = route("second", "/", HeaderIs(b"h", frozenset({b"2"})), index=1)
    index.add(conditions_of(first))
    before = _found(index, second)
    index.add(conditions_of(second))

    assert before == set()
    assert _found(index, second) == {second.index}


def found(*routes: Route) -> list[tuple[str, str]]:
    return [(later.name, earlier.name) for later, earlier in conflicts(map(conditions_of, routes))]


def test_the_same_path_twice_is_a_conflict() -> None:
    """Two routes of one path conflict whatever their parameters are called; the earlier one is named."""
    assert found(route("a", "/x/{id}", index=0), route("b", "/x/{name}", index=1)) == [("b", "a")]


def test_what_tells_routes_apart_is_no_conflict() -> None:
    """Another path, method, host, value, or one condition more: the table can choose."""
    value, host = HeaderIs(b"h", frozenset({b"1"})), HostIs("a.x")
    routes = [
        route("a", "/x"),
        route("b", "/x/"),
        route("c", "/x", methods="GET"),
        route("d", "/x", methods="PUT"),
        route("e", "/x", value, methods="GET"),
        route("f", "/x", HeaderIs(b"h", frozenset({b"2"})), methods="GET"),
        route("g", "/x", host, value),
        route("h", "/x", HostIs("*.x"), value),
        route("i", "/x", HostIs("*.b.x"), value),
    ]

    assert found(*routes) == []


def test_conditions_on_different_things_conflict() -> None:
    """One route asks for a header, the other for a parameter: a request can have both, and neither comes first."""
    field, query = HeaderIs(b"h", frozenset()), QueryIs("q", frozenset())

    assert found(route("a", "/", field, index=0), route("b", "/", query, index=1)) == [("b", "a")]
    assert found(route("a", "/", field, index=0), route("b", "/", HostIs("a.x"), index=1)) == []


def test_each_later_route_is_told_once_with_the_first_that_it_meets() -> None:
    """Of several earlier routes in the way, the first of the file is named."""
    routes = [route("a", "/", methods="GET,PUT", index=0), route("b", "/", methods="POST", index=1)]
    routes += [route("c", "/", methods="POST,GET", index=2), route("d", "/", methods="PUT", index=3)]

    assert found(*routes) == [("c", "a"), ("d", "a")]


@given(TABLES)
def test_conflicts_are_those_that_comparing_all_pairs_finds(routes: list[Route]) -> None:
    """The index finds what the definition says: one shape, one rank, methods and all predicates overlapping."""
    expected = [
        (later.index, earlier.index)
        for at, later in enumerate(routes)
        for earlier in [each for each in routes[:at] if _conflict(later, each)][:1]
    ]

    assert [(later.index, earlier.index) for later, earlier in conflicts(map(conditions_of, routes))] == expected


def _conflict(one: Route, other: Route) -> bool:
    methods = one.methods is None or other.methods is None or one.methods & other.methods
    return (
        one.pattern.shape == other.pattern.shape
        and rank(one) == rank(other)
        and bool(methods)
        and all(mine.overlaps(its) for mine in one.predicates for its in other.predicates)
    )


def test_a_path_with_too_many_kinds_of_conditions_is_crowded() -> None:
    """The route that brings one kind of condition too many is named, once per path; others may go on."""
    routes = [route(f"r{at}", "/", HeaderIs(b"h%d" % at, frozenset()), index=at) for at in range(MAX_SIGNATURES + 3)]
    other = route("other", "/x", index=len(routes))

    assert [each.name for each in crowded(map(conditions_of, [*routes, other]))] == [f"r{MAX_SIGNATURES}"]
    assert list(crowded(map(conditions_of, routes[:MAX_SIGNATURES]))) == []
