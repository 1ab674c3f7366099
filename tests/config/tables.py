"""Small tables and all requests that could tell their routes apart, for hypothesis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from hypothesis import strategies as st

from proxy.core.http.request import RequestHead
from proxy.core.routing.predicate import HeaderAbsent, HeaderIs, HostIs, Predicate, QueryAbsent, QueryIs
from proxy.core.routing.route import Route
from tests.core.asking import asking, route

_HEADERS: list[list[Predicate]] = [
    [],
    [],
    [HeaderIs(b"h", frozenset())],
    [HeaderAbsent(b"h")],
    [HeaderIs(b"h", frozenset({b"1"}))],
    [HeaderIs(b"h", frozenset({b"1", b"2"}))],
]
_QUERIES: list[list[Predicate]] = [
    [],
    [],
    [],
    [QueryIs("q", frozenset())],
    [QueryAbsent("q")],
    [QueryIs("q", frozenset({"1"}))],
]
_HOSTS: list[list[Predicate]] = [[], [], [], [HostIs("a.x")], [HostIs("*.x")], [HostIs("*.b.x")]]
_METHODS = st.sampled_from(["", "", "", "GET", "PUT", "GET,PUT"])
_PATHS = st.sampled_from(
    [*("/", "/a", "/a/", "/*", "/*/", "/a/*", "/*/*", "/**", "/a/**", "/*/**", "/a/*/**", "/*/*/**", "/a/b")]
)
_ALL = st.tuples(st.sampled_from(_HEADERS), st.sampled_from(_QUERIES), st.sampled_from(_HOSTS)).map(
    lambda parts: [*parts[0], *parts[1], *parts[2]]
)
_FEW = st.tuples(st.sampled_from(_HEADERS[1:4]), st.sampled_from(_QUERIES[2:5])).map(
    lambda parts: [*parts[0], *parts[1]]
)
_NONE: st.SearchStrategy[list[Predicate]] = st.builds(list)
Rows = st.SearchStrategy[list[tuple[str, str, list[Predicate]]]]


def _routes(rows: Rows) -> st.SearchStrategy[list[Route]]:
    return rows.map(
        lambda drawn: [
            route(f"r{at}", path, *predicates, methods=methods, index=at)
            for at, (path, methods, predicates) in enumerate(drawn)
        ]
    )


_WIDE = st.lists(st.tuples(_PATHS, _METHODS, _ALL), min_size=1, max_size=7)
_DEEP = st.lists(
    st.tuples(st.sampled_from(["/**", "/*/**", "/"]), st.sampled_from(["", "", "GET"]), _FEW | _NONE),
    min_size=3,
    max_size=9,
    unique_by=str,
)
_FLAT = st.lists(st.tuples(st.just("/a"), st.just(""), _FEW), min_size=3, max_size=9, unique_by=str)
TABLES = _routes(_WIDE) | _routes(_DEEP) | _routes(_FLAT)

_TARGETS = ("/", "/a", "/a/", "/z", "/z/", "/a/b", "/a/z", "/a/z/", "/z/z", "/z/z/", "/a/z/z", "/z/z/z", "/a/z/z/")
_FIELDS: tuple[tuple[tuple[bytes, bytes], ...], ...] = ((), ((b"h", b"1"),), ((b"h", b"2"),), ((b"h", b"9"),))


def requests(routes: Iterable[Route]) -> Iterator[RequestHead]:
    """Every request over what these routes ask about, and over a segment, method, host and value that none names."""
    asked = {type(each) for one in routes for each in one.predicates}
    hosts = ("a.x", "c.x", "c.b.x", "other") if HostIs in asked else ("other",)
    fields = _FIELDS if asked & {HeaderIs, HeaderAbsent} else _FIELDS[:1]
    queries = ("", "?q=1", "?q=9") if asked & {QueryIs, QueryAbsent} else ("",)
    for target, query, method, host, sent in product(_TARGETS, queries, ("GET", "PUT", "POST"), hosts, fields):
        yield asking(target + query, method=method, host=host, fields=sent)
