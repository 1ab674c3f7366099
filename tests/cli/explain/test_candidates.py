from __future__ import annotations

import pytest

from proxy.cli.explain.candidates import Candidate, Fit, asked_about, candidates, other_readings
from proxy.cli.explain.typed_request import TypedRequest, read_typed
from proxy.core.http.request import RequestHead
from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.predicate import HeaderAbsent, HeaderIs, HostIs, Predicate, QueryAbsent, QueryIs
from proxy.core.routing.route import Route
from proxy.core.routing.table import RouteTable
from tests.control.tables import snapshot

APP = HeaderIs(b"x-client", frozenset({b"app"}))
METHODS = frozenset({b"GET"})


def table_of(*routes: tuple[str, str, frozenset[bytes] | None, tuple[Predicate, ...]]) -> RouteTable:
    return RouteTable(
        Route(name=name, index=index, pattern=pattern_of(path), methods=methods, predicates=predicates)
        for index, (name, path, methods, predicates) in enumerate(routes)
    )


def pattern_of(path: str) -> PathPattern:
    found = parse_pattern(path)
    assert isinstance(found, PathPattern)
    return found


def head_of(target: str, *fields: str, method: str = "GET", host: str = "") -> RequestHead:
    request = TypedRequest(method=method, target=target, fields=fields, host=host)
    head = read_typed(request, snapshot(*TABLE.routes))
    assert isinstance(head, RequestHead)
    return head


def seen(found: list[Candidate]) -> list[tuple[str, Fit]]:
    return [(each.route.name, each.fit) for each in found]


TABLE = table_of(
    ("everything", "/**", None, ()),
    ("one", "/orders/{id}", None, ()),
    ("new", "/orders/new", None, ()),
    ("app", "/orders/{id}", METHODS, (APP,)),
    ("below", "/orders/**", None, ()),
    ("elsewhere", "/items/{id}", None, ()),
)


def test_routes_come_in_the_order_in_which_they_are_asked() -> None:
    """The most specific path is first, then more predicates, then what is left, whatever the order of the file."""
    assert seen(candidates(TABLE, head_of("/orders/new", "X-Client: app"))) == [
        ("new", Fit.TAKEN),
        ("app", Fit.NOT_ASKED),
        ("one", Fit.NOT_ASKED),
        ("below", Fit.NOT_ASKED),
        ("everything", Fit.NOT_ASKED),
    ]


def test_who_declines_says_why() -> None:
    """A route whose path fits and which is not taken names each thing that did not fit."""
    found = candidates(TABLE, head_of("/orders/7", "X-Client: web", method="POST"))

    assert seen(found)[:2] == [("app", Fit.DECLINED), ("one", Fit.TAKEN)]
    assert found[0].why == (
        "method is POST, the route takes GET",
        "header x-client is 'web', the route wants 'app'",
    )


def test_a_path_that_no_route_has_brings_nobody_near() -> None:
    """Routes with another path are not mentioned."""
    assert candidates(table_of(("items", "/items", None, ())), head_of("/orders")) == []


def test_everybody_may_decline() -> None:
    """When no route takes the request, those with its path still say why."""
    found = candidates(table_of(("app", "/orders/{id}", None, (APP,))), head_of("/orders/7"))

    assert [(each.fit, each.why) for each in found] == [
        (Fit.DECLINED, ("header x-client is not sent, the route wants 'app'",))
    ]


@pytest.mark.parametrize(
    ("predicate", "words", "why"),
    [
        (HostIs("a.example.com"), "host a.example.com", "host is localhost, the route wants a.example.com"),
        (
            HeaderIs(b"x-client", frozenset()),
            "header x-client",
            "header x-client is not sent, the route wants any value",
        ),
        (
            HeaderIs(b"x-client", frozenset({b"b", b"a"})),
            "header x-client",
            "header x-client is not sent, the route wants 'a' or 'b'",
        ),
        (QueryIs("v", frozenset({"2"})), "query v", "query parameter v is '1' and '3', the route wants '2'"),
        (QueryAbsent("v"), "no query v", "query parameter v is sent, the route wants it absent"),
    ],
    ids=lambda each: type(each).__name__ if not isinstance(each, str) else "",
)
def test_a_predicate_is_put_into_words(predicate: Predicate, words: str, why: str) -> None:
    """Each kind of predicate says what it looks at, and what it found instead."""
    found = candidates(table_of(("a", "/a", None, (predicate,))), head_of("/a?v=1&v=3"))

    assert (asked_about(predicate), found[0].why) == (words, (why,))


def test_an_unwanted_header_is_put_into_words() -> None:
    """A route that wants a header absent says so."""
    found = candidates(table_of(("a", "/a", None, (HeaderAbsent(b"x-client"),))), head_of("/a", "X-Client: app"))

    assert asked_about(HeaderAbsent(b"x-client")) == "no header x-client"
    assert found[0].why == ("header x-client is sent, the route wants it absent",)


def test_an_ambiguous_path_is_read_in_every_clear_way() -> None:
    """A path that upstreams could read in several ways has no candidates, but readings, each with its route."""
    head = head_of("/orders/x%2f..%2f..%2fitems%2f7")

    assert candidates(TABLE, head) == []
    assert dict(other_readings(TABLE, head))["/items/7"] == "elsewhere"


def test_a_reading_is_asked_with_everything_else_that_was_sent() -> None:
    """The header fields and the query count for each reading as for the request itself; compiled heads, too."""
    assert dict(other_readings(TABLE, head_of("/orders//7", "X-Client: app")))["/orders/7"] == "app"
    assert dict(other_readings(TABLE, head_of("/orders//7")))["/orders/7"] == "one"
