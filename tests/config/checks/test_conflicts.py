from __future__ import annotations

from hypothesis import given

from proxy.config.checks.conditions import asked
from proxy.config.checks.conflicts import MAX_SIGNATURES, conflicts, crowded
from proxy.core.routing.predicate import HeaderIs, HostIs, QueryIs
from proxy.core.routing.route import Route
from proxy.core.routing.table import rank
from tests.config.tables import TABLES
from tests.core.asking import route


def found(*routes: Route) -> list[tuple[str, str]]:
    return [(later.name, earlier.name) for later, earlier in conflicts(map(asked, routes))]


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

    assert [(later.index, earlier.index) for later, earlier in conflicts(map(asked, routes))] == expected


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

    assert [each.name for each in crowded(map(asked, [*routes, other]))] == [f"r{MAX_SIGNATURES}"]
    assert list(crowded(map(asked, routes[:MAX_SIGNATURES]))) == []
