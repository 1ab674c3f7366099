from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http.request import RequestHead
from proxy.core.routing import table as table_module
from proxy.core.routing.path import ANY, MAX_SEGMENTS, REST
from proxy.core.routing.predicate import HeaderIs, HostIs, QueryIs
from proxy.core.routing.route import Route
from proxy.core.routing.table import MANY_HOSTS, Miss, RouteTable, rank
from tests.core.asking import asking, route


def name_of(found: Route | Miss) -> str | Miss:
    return found.name if isinstance(found, Route) else found


def answer(table: RouteTable, target: str, **also: str) -> str | Miss:
    return name_of(table.match(asking(target, **also)))  # type: ignore[arg-type]


PATHS = RouteTable(
    route(path, path)
    for path in (
        *("/", "/orders", "/orders/", "/orders/{id}", "/orders/new", "/orders/{id}/lines", "/orders/{id}/**"),
        *("/orders/new/draft", "/files/**", "/files/{name}/raw", "/a/b/c", "/a/*/d", "/{any}/b/e"),
    )
)


@pytest.mark.parametrize(
    ("target", "taken"),
    [
        ("/", "/"),
        ("/orders", "/orders"),
        ("/orders/", "/orders/"),
        ("/orders?x=/7", "/orders"),
        ("/orders/new", "/orders/new"),
        ("/orders/7", "/orders/{id}"),
        ("/orders/7/lines", "/orders/{id}/lines"),
        ("/orders/7/", "/orders/{id}/**"),
        ("/orders/7/lines/1", "/orders/{id}/**"),
        ("/orders/new/draft", "/orders/new/draft"),
        ("/orders/new/lines", "/orders/{id}/lines"),
        ("/orders/new/other", "/orders/{id}/**"),
        ("/files", "/files/**"),
        ("/files/", "/files/**"),
        ("/files/a/b", "/files/**"),
        ("/files/a/raw", "/files/{name}/raw"),
        ("/a/b/c", "/a/b/c"),
        ("/a/b/d", "/a/*/d"),
        ("/a/b/e", "/{any}/b/e"),
        ("/nothing", Miss()),
        ("/Orders", Miss()),
        ("/a/b", Miss()),
        ("*", Miss()),
    ],
)
def test_the_most_specific_path_wins(target: str, taken: str | Miss) -> None:
    """Segment by segment a literal comes before a parameter, which comes before the rest; a dead end is left again."""
    assert answer(PATHS, target) == taken


def test_more_predicates_win_on_the_same_path() -> None:
    """On one path the route with more predicates is asked first, methods counting as one; whatever fits then, wins."""
    field, query = HeaderIs(b"x", frozenset({b"1"})), QueryIs("q", frozenset())
    table = RouteTable(
        [
            route("all", "/a"),
            route("get", "/a", methods="GET"),
            route("get+x", "/a", field, methods="GET"),
            route("x+q", "/a", field, query),
            route("x+q+get", "/a", field, query, methods="GET"),
        ]
    )
    seen = {
        (method, target, value): name_of(table.match(asking(target, method=method, fields=[(b"x", value)])))
        for method in ("GET", "PUT")
        for target in ("/a", "/a?q")
        for value in (b"1", b"2")
    }

    assert seen == {
        ("GET", "/a", b"1"): "get+x",
        ("GET", "/a", b"2"): "get",
        ("GET", "/a?q", b"1"): "x+q+get",
        ("GET", "/a?q", b"2"): "get",
        ("PUT", "/a", b"1"): "all",
        ("PUT", "/a", b"2"): "all",
        ("PUT", "/a?q", b"1"): "x+q",
        ("PUT", "/a?q", b"2"): "all",
    }


def test_more_exact_hosts_win_on_the_same_path() -> None:
    """With as many predicates, the exact host comes before the longer wildcard, that before the shorter one."""
    hosts = ("*.com", "*.example.com", "api.example.com", "*.api.example.com")
    table = RouteTable(route(host, "/**", HostIs(host)) for host in hosts)
    asked = ("api.example.com", "www.example.com", "v1.api.example.com", "shop.com", "example.org")

    found = [answer(table, "/", host=host) for host in asked]

    assert found == ["api.example.com", "*.example.com", "*.api.example.com", "*.com", Miss()]


def test_many_hosts_on_one_path_are_found_by_name() -> None:
    """With more hosts on a path than are asked one by one, hosts, wildcards and others still come in their order."""
    field = HeaderIs(b"x", frozenset({b"1"}))
    hosts = [f"h{at}.example.com" for at in range(MANY_HOSTS + 1)]
    table = RouteTable(
        [
            *(route(host, "/**", HostIs(host)) for host in hosts),
            route("h0+get+x", "/**", HostIs(hosts[0]), field, methods="GET"),
            route("wild+x", "/**", HostIs("*.example.com"), field),
            route("wild", "/**", HostIs("*.example.com")),
            route("rest", "/**"),
        ]
    )

    def taken(host: str, value: bytes = b"") -> str | Miss:
        return name_of(table.match(asking("/", host=host, fields=[(b"x", value)])))

    assert [taken(host) for host in hosts] == hosts
    assert [taken(host, b"1") for host in hosts[:2]] == ["h0+get+x", "wild+x"]
    assert [taken(host) for host in ("other.example.com", "example.com", "")] == ["wild", "rest", "rest"]


HOST_PREDICATES = st.sampled_from([[], [HostIs("a.x")], [HostIs("b.x")], [HostIs("*.x")], [HostIs("*.b.x")]])
FIELD_PREDICATES = st.sampled_from([[], [HeaderIs(b"x", frozenset({b"1"}))], [HeaderIs(b"y", frozenset())]])


@given(st.lists(st.tuples(HOST_PREDICATES, FIELD_PREDICATES, st.sampled_from(["", "GET"])), max_size=8, unique_by=str))
def test_finding_hosts_by_name_changes_no_answer(rows: list[tuple[list[HostIs], list[HeaderIs], str]]) -> None:
    """A path's routes answer the same whether they are asked one by one or found by their host."""
    routes = [route(f"r{at}", "/a", *row[0], *row[1], methods=row[2], index=at) for at, row in enumerate(rows)]
    one_by_one = RouteTable(routes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_module, "MANY_HOSTS", 0)
        by_name = RouteTable(routes)

    for host in ("a.x", "b.x", "c.x", "c.b.x", "other"):
        for fields in ([], [(b"x", b"1")], [(b"y", b"")], [(b"x", b"1"), (b"y", b"2")]):
            for method in ("GET", "PUT"):
                head = asking("/a", method=method, host=host, fields=fields)
                found, expected = by_name.match(head), one_by_one.match(head)
                assert found is expected or rank_of(found) == rank_of(expected)


def rank_of(found: Route | Miss) -> object:
    """What makes two answers equally right: the same rank, or the same miss."""
    return rank(found) if isinstance(found, Route) else found


def test_rank_counts_methods_as_one_predicate() -> None:
    """A route's rank is its number of predicates, then how exact its host is."""
    assert rank(route("a", "/")) == (0, 0)
    assert rank(route("a", "/", HostIs("*.a.b"), methods="GET,PUT")) == (2, 2)
    assert rank(route("a", "/", HostIs("a.b"))) > rank(route("a", "/", HostIs("*.b")))


def test_a_route_that_declines_leaves_the_path_to_the_next() -> None:
    """When the routes of the most specific path decline, the next less specific path is asked, up to the rest."""
    table = RouteTable(
        [
            route("literal", "/a/b", methods="PUT"),
            route("open", "/a/{x}", methods="POST"),
            route("rest", "/a/**", methods="DELETE"),
            route("below", "/a/b/**", methods="PATCH"),
            route("all", "/**", methods="GET"),
        ]
    )
    found = {method: answer(table, "/a/b", method=method) for method in ("PUT", "POST", "DELETE", "PATCH", "GET")}

    assert found == {"PUT": "literal", "POST": "open", "DELETE": "rest", "PATCH": "below", "GET": "all"}
    assert answer(table, "/a/c", method="PUT") == Miss(frozenset({b"POST", b"DELETE", b"GET"}))


def test_a_miss_names_the_methods_that_the_path_takes() -> None:
    """Where only the method is in the way, the miss lists what would do; the request is left as it was."""
    table = RouteTable([route("a", "/a", methods="GET,PUT"), route("b", "/b", methods="POST")])
    head = asking("/a", method="DELETE")

    assert table.match(head) == Miss(frozenset({b"GET", b"PUT"}))
    assert head.method == b"DELETE"
    assert answer(table, "/c") == Miss()


@pytest.mark.parametrize("target", ["/public/../admin", "/public/%2e%2e/admin", "/public//admin", "/public/..;/admin"])
def test_a_path_that_can_be_read_as_another_route_is_refused(target: str) -> None:
    """When some reading of the path leads to another route, nobody can say what was meant (R9)."""
    table = RouteTable([route("public", "/public/**"), route("admin", "/admin"), route("guarded", "/public/admin")])

    assert answer(table, target) == Miss(ambiguous=True)


def test_a_path_whose_readings_agree_is_taken() -> None:
    """An unusual path is no problem where every reading leads to the same route."""
    table = RouteTable([route("files", "/files/**"), route("rest", "/**")])

    assert answer(table, "/files/a%20b//c;v=1") == "files"


@pytest.mark.parametrize("target", ["/caf%C3%A9/7", "/caf%c3%a9/7"])
def test_an_encoded_literal_is_found_however_it_is_spelled(target: str) -> None:
    """A pattern with encoded bytes takes what clients send, in either case; once, all its requests were refused."""
    table = RouteTable([route("café", "/caf%C3%A9/{id}"), route("rest", "/**")])

    assert answer(table, target) == "café"
    assert answer(table, "/cafe/7") == "rest"


def test_the_table_keeps_its_routes_in_order_and_travels() -> None:
    """Routes stay in file order, and a table as deep as it gets survives a pickle."""
    routes = (route("rest", "/**"), route("deep", "/{a}" + "/a" * (MAX_SEGMENTS - 1)))
    table = pickle.loads(pickle.dumps(RouteTable(routes), protocol=5))

    assert table.routes == routes
    assert answer(table, "/x" + "/a" * (MAX_SEGMENTS - 1)) == "deep"


SEGMENTS = st.sampled_from(["a", "b", "{x}"])
PATTERNS = st.tuples(st.lists(SEGMENTS, max_size=3), st.sampled_from(["", "/**", "/"])).map(
    lambda parts: ("".join(f"/{part}" for part in parts[0]).replace("{x}", "*") + parts[1]) or "/"
)
METHODS = st.sampled_from(["", "GET", "PUT", "GET,PUT"])
ROUTES = st.lists(st.tuples(PATTERNS, METHODS), max_size=8).map(
    lambda drawn: [route(f"r{at}", path, methods=methods, index=at) for at, (path, methods) in enumerate(drawn)]
)
TARGETS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4).flatmap(
    lambda parts: st.sampled_from(["/" + "/".join(parts), "/" + "".join(f"{part}/" for part in parts)])
)


def specificity(each: Route, head: RequestHead) -> tuple[int, ...] | None:
    """How specific a route's path is for a request, segment by segment; None when it does not fit at all."""
    segments = head.path.split(b"/")[1:]
    shape = each.pattern.shape
    key = [{ANY: 2, REST: 1}.get(entry, 3) for entry in shape]
    if shape[-1:] == (REST,):
        segments, shape = segments[: len(shape) - 1], shape[:-1]
    else:
        key.append(4)
    fits = len(segments) == len(shape) and all(
        segment if entry == ANY else segment == entry for segment, entry in zip(segments, shape, strict=True)
    )
    taken = each.methods is None or head.method in each.methods
    return tuple(key) if fits and taken else None


@given(ROUTES, TARGETS, st.sampled_from(["GET", "PUT", "POST"]))
def test_the_table_picks_what_its_rules_pick(routes: list[Route], target: str, method: str) -> None:
    """On any small table, the route found is the most specific that fits, by the rules written out one by one."""
    head = asking(target, method=method)
    fitting = [(specificity(each, head), rank(each), -each.index) for each in routes]
    best = max((key for key in fitting if key[0] is not None), default=None)

    found = RouteTable(routes).match(head)

    assert (None if isinstance(found, Miss) else found.index) == (None if best is None else -best[2])
