"""Requests and routes in one line, for the tests of what decides between them."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.core.http.request import RequestHead
from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.predicate import Predicate
from proxy.core.routing.route import Route


def asking(
    target: str = "/", *, method: str = "GET", host: str = "", fields: Iterable[tuple[bytes, bytes]] = ()
) -> RequestHead:
    """A request head as the reader leaves it; `fields` are the wanted ones, by lower-case name."""
    path, _, query = target.partition("?")
    encoded = [part.encode("latin-1") for part in (method, target, path, query)]
    head = RequestHead(encoded[0], encoded[1], encoded[2], encoded[3], 1)
    head.host = host
    for name, value in fields:
        head.note(name, value)
    return head


def pattern(text: str) -> PathPattern:
    found = parse_pattern(text)
    assert isinstance(found, PathPattern), found
    return found


def route(name: str, path: str, *predicates: Predicate, methods: str = "", index: int = 0) -> Route:
    """A route; `methods` as `GET,POST`, empty for all."""
    listed = frozenset(methods.encode("ascii").split(b",")) if methods else None
    return Route(name=name, index=index, pattern=pattern(path), methods=listed, predicates=predicates)
