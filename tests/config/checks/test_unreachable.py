from __future__ import annotations

import pytest
from hypothesis import given

from proxy.config.checks import unreachable as module
from proxy.config.checks.overlap import conditions_of, conflicts
from proxy.config.checks.unreachable import covered, unreachable
from proxy.core.routing.predicate import HeaderAbsent, HeaderIs, HostIs, Predicate, QueryAbsent, QueryIs
from proxy.core.routing.route import Route
from proxy.core.routing.table import RouteTable
from tests.config.tables import TABLES, requests
from tests.core.asking import route

PRESENT, ABSENT = HeaderIs(b"h", frozenset()), HeaderAbsent(b"h")
ONE, TWO = (HeaderIs(b"h", frozenset({value})) for value in (b"1", b"2"))
BOTH = HeaderIs(b"h", frozenset({b"1", b"2"}))
QUERY, NO_QUERY = QueryIs("q", frozenset()), QueryAbsent("q")
Row = tuple[str, str, str, tuple[Predicate, ...]]


def found(*rows: tuple[object, ...]) -> dict[str, list[str]]:
    """Names of unreachable routes with those that cover them; a row is name, `METHODS path`, predicates."""
    routes = []
    for at, (name, match, *predicates) in enumerate(rows):
        methods, _, path = str(match).rpartition(" ")
        routes.append(route(str(name), path, *predicates, methods=methods, index=at))  # type: ignore[arg-type]
    return {
        each.name: [other.name for other in others] for each, others in unreachable(list(map(conditions_of, routes)))
    }


def test_a_rest_behind_all_depths_is_never_reached() -> None:
    """What other patterns take at every depth leaves nothing to the rest; they are named."""
    rows = [("rest", "/a/**"), ("deep", "/a/{x}/**"), ("bare", "/a"), ("slash", "/a/")]

    assert found(*rows) == {"rest": ["deep", "bare", "slash"]}


@pytest.mark.parametrize("left_out", ["deep", "bare", "slash"])
def test_a_rest_with_a_depth_of_its_own_is_reached(left_out: str) -> None:
    """With one depth left to it, the rest is reached."""
    rows = [("rest", "/a/**"), ("deep", "/a/{x}/**"), ("bare", "/a"), ("slash", "/a/")]

    assert found(*(row for row in rows if row[0] != left_out)) == {}


def test_the_rest_of_everything_needs_no_bare_path() -> None:
    """Above `/**` stands no path, so the slash and what is deeper cover it."""
    assert found(("rest", "/**"), ("deep", "/*/**"), ("slash", "/")) == {"rest": ["deep", "slash"]}


def test_depths_may_be_covered_one_by_one() -> None:
    """Every depth up to the deepest rest counts, with and without its slash."""
    rows = [("rest", "/**"), ("two", "/*/*/**"), ("one", "/*"), ("one/", "/*/"), ("none", "/")]

    assert found(*rows) == {"rest": ["two", "one", "one/", "none"]}
    assert found(*(row for row in rows if row[0] != "one/")) == {}


def test_literals_cover_nothing() -> None:
    """However many literals are named, there is a segment that none names."""
    assert found(("open", "/{x}"), ("a", "/a"), ("b", "/b"), ("rest", "/**"), ("deep", "/a/**"), ("slash", "/")) == {}


def test_a_rest_is_covered_only_for_what_it_asks() -> None:
    """Narrower routes cover a rest as narrow as they are, and no wider one."""
    deep, slash = ("deep", "/*/**", ONE), ("slash", "GET,PUT /", ONE)

    assert found(("rest", "GET /**", ONE, QUERY), deep, slash) == {"rest": ["deep", "slash"]}
    assert found(("rest", "GET /**", ABSENT), ("deep", "/*/**", ABSENT), ("slash", "/")) == {"rest": ["deep", "slash"]}
    assert found(("rest", "GET /**", BOTH), deep, slash) == {}
    assert found(("rest", "/**", ONE), deep, slash) == {}
    assert found(("rest", "GET /**", PRESENT), deep, slash) == {}
    assert found(("rest", "GET /**", ABSENT), deep, slash) == {}


def test_methods_add_up() -> None:
    """Routes for each of a route's methods cover it together; every method is more than any list."""
    parts = [("get", "GET /*/**"), ("put", "PUT /*/**"), ("slash", "/")]

    assert found(("rest", "GET,PUT /**"), *parts) == {"rest": ["get", "put", "slash"]}
    assert found(("rest", "GET,PUT,POST /**"), *parts) == {}
    assert found(("rest", "/**"), *parts) == {}


def test_values_add_up() -> None:
    """Routes for each of the asked values cover a route together."""
    assert found(("rest", "/**", BOTH), ("one", "/*/**", ONE), ("two", "/*/**", TWO), ("slash", "/")) == {
        "rest": ["one", "two", "slash"]
    }


def test_there_and_not_there_add_up() -> None:
    """On one path, a route for a field's presence and one for its absence leave nothing to a third."""
    assert found(("all", "/a"), ("with", "/a", PRESENT), ("without", "/a", ABSENT)) == {"all": ["with", "without"]}
    assert found(("all", "/a"), ("with", "/a", ONE), ("without", "/a", ABSENT)) == {}
    assert found(("get", "GET /a"), ("with", "GET /a", PRESENT), ("without", "GET /a", ABSENT)) == {
        "get": ["with", "without"]
    }
    nested = [("y", "/a", PRESENT, QUERY), ("n", "/a", PRESENT, NO_QUERY), ("without", "/a", ABSENT)]
    assert found(("all", "/a"), *nested) == {"all": ["y", "n", "without"]}


def test_hosts_are_covered_by_wider_hosts_only() -> None:
    """A wildcard covers what is below it; the names below it never cover the wildcard."""
    slash = ("slash", "/")

    assert found(("rest", "/**", HostIs("a.x")), ("deep", "/*/**", HostIs("*.x")), slash) == {"rest": ["deep", "slash"]}
    assert found(("rest", "/**", HostIs("*.b.x")), ("deep", "/*/**", HostIs("*.x")), slash) == {
        "rest": ["deep", "slash"]
    }
    assert found(("rest", "/**", HostIs("*.x")), ("deep", "/*/**", HostIs("a.x")), slash) == {}
    assert found(("rest", "/**"), ("deep", "/*/**", HostIs("*.x")), slash) == {}


def test_a_search_that_grows_too_long_reports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the search would take too long, the route counts as reachable."""
    target, present, absent = (
        conditions_of(route("a", "/a")),
        conditions_of(route("b", "/a", PRESENT)),
        conditions_of(route("c", "/a", ABSENT)),
    )
    assert covered(target, [present, absent]) is not None

    monkeypatch.setattr(module, "MAX_STEPS", 2)

    assert covered(target, [present, absent]) is None


@pytest.mark.thorough
@given(TABLES)
def test_reported_routes_are_never_reached_and_all_others_are(routes: list[Route]) -> None:
    """In any small table without conflicts, the analysis and trying all requests agree on every route."""
    compared = list(map(conditions_of, routes))
    in_conflict = any(True for _ in conflicts(compared))
    reported = {each.index for each, _ in unreachable(compared)}
    table = RouteTable(routes)
    reached = {answer.index for head in requests(routes) if isinstance(answer := table.match(head), Route)}

    assert not reported & reached
    assert in_conflict or reported | reached == {each.index for each in routes}
