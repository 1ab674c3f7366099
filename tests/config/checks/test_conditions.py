from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.checks.conditions import HOST, METHOD, Condition, Index, Kind, Mark, Point, Variable, asked
from proxy.core.http.request import RequestHead
from proxy.core.routing.predicate import HeaderAbsent, HeaderIs, HostIs, QueryAbsent, QueryIs
from proxy.core.routing.route import Route
from tests.config.tables import TABLES
from tests.core.asking import route


def test_a_route_asks_one_condition_of_each_variable() -> None:
    """Methods, host, headers and query become conditions; the signature leaves out the values."""
    found = asked(
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
        METHOD: Condition(Kind.VALUES, frozenset({b"GET", b"PUT"})),
        HOST: Condition(Kind.HOST, frozenset({"*.x"})),
        Variable("header", b"h"): Condition(Kind.VALUES, frozenset({b"1"})),
        Variable("header", b"any"): Condition(Kind.PRESENT),
        Variable("header", b"none"): Condition(Kind.ABSENT),
        Variable("query", "q"): Condition(Kind.VALUES, frozenset({"2"})),
        Variable("query", "any"): Condition(Kind.PRESENT),
        Variable("query", "none"): Condition(Kind.ABSENT),
    }
    assert (METHOD, Kind.VALUES) in found.signature
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
        asked(route("a", "/", Odd()))


@pytest.mark.parametrize(
    ("condition", "points"),
    [
        (Condition(Kind.VALUES, frozenset({b"1"})), {b"1"}),
        (Condition(Kind.PRESENT), {b"1", b"2", Mark.FRESH}),
        (Condition(Kind.ABSENT), {Mark.ABSENT}),
    ],
)
def test_conditions_accept_points(condition: Condition, points: set[Point]) -> None:
    """A condition accepts values, a value that no route names, or nothing."""
    everything: list[Point] = [b"1", b"2", Mark.FRESH, Mark.ABSENT]

    assert {point for point in everything if condition.accepts(point)} == points


@pytest.mark.parametrize(
    ("pattern", "hosts"),
    [("a.x", {"a.x"}), ("*.x", {"a.x", "*.x", "*.b.x", "c.b.x"}), ("*.b.x", {"*.b.x", "c.b.x"})],
)
def test_hosts_accept_what_is_below_them(pattern: str, hosts: set[str]) -> None:
    """A wildcard accepts every name, and every fresh name, below it; no host accepts one that is not named."""
    condition = Condition(Kind.HOST, frozenset({pattern}))

    assert {host for host in ("a.x", "*.x", "*.b.x", "c.b.x", "x") if condition.accepts(host)} == hosts
    assert not condition.accepts(Mark.FRESH)


def _found(index: Index, each: Route) -> set[int]:
    other = asked(each)
    return {member.route.index for signature in index.signatures for member in index.agreeing(signature, other)}


@given(TABLES, st.data())
def test_an_index_finds_exactly_who_overlaps(routes: list[Route], data: st.DataObject) -> None:
    """Of routes that are in no conflict among themselves, an index finds those that overlap by their predicates."""
    target = data.draw(st.sampled_from(routes))
    index, stored = Index(), list[Route]()
    for each in routes:
        if not any(overlap(each, other) for other in stored):
            index.add(asked(each))
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
    index.add(asked(first))
    before = _found(index, second)
    index.add(asked(second))

    assert before == set()
    assert _found(index, second) == {second.index}
