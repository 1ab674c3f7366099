"""The route table: an immutable trie over path segments, built once per snapshot.

Rule 1: the most specific path wins, segment by segment from the left: literal, then `{name}` or `*`, then `**`.
Rule 2: on the same path the route with more predicates wins (methods count as one), then the more exact host.
Rule 3: a path whose routes all decline does not end the search; the next less specific path is asked.
Rule 4: a look-up costs the depth of the path, not the number of routes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from proxy.core.path import ANY, REST, other_spellings
from proxy.core.predicate import HostIs
from proxy.core.request import RequestHead
from proxy.core.route import Route
from proxy.core.target import PLAIN, is_ambiguous, readings


class _Node:
    __slots__ = ("any", "literals", "rest", "routes")

    def __init__(self) -> None:
        self.literals: dict[bytes, _Node] = {}
        self.any: _Node | None = None
        self.routes: list[Route] = []
        self.rest: list[Route] = []


@dataclass(frozen=True, slots=True)
class Miss:
    """No route: `methods` are those that the path would take (405), none means 404; `ambiguous` means 400 (R9)."""

    methods: frozenset[bytes] = frozenset()
    ambiguous: bool = False


_NO_ROUTE = Miss()
_AMBIGUOUS = Miss(ambiguous=True)


def rank(route: Route) -> tuple[int, int]:
    """Greater wins among routes of one path: number of predicates, then exactness of the host."""
    exactness = max((each.exactness for each in route.predicates if isinstance(each, HostIs)), default=0)
    return len(route.predicates) + (route.methods is not None), exactness


class RouteTable:
    """`match` is the only question."""

    __slots__ = ("_literal", "_methods", "_root", "routes")

    def __init__(self, routes: Iterable[Route]) -> None:
        """Routes in file order; conflicts have been refused before."""
        self.routes = tuple(routes)
        self._methods = frozenset(method for route in self.routes for method in route.methods or ())
        self._root = _Node()
        self._literal: dict[bytes, list[Route]] = {}
        for route in sorted(self.routes, key=rank, reverse=True):
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.pattern.shape:
            if segment == REST:
                node.rest.append(route)
                return
            if segment == ANY:
                node.any = node.any or _Node()
                node = node.any
            else:
                node = _literal_below(node, segment)
        node.routes.append(route)
        if route.pattern.is_literal:
            self._literal[b"/" + b"/".join(route.pattern.shape)] = node.routes

    def match(self, head: RequestHead) -> Route | Miss:
        """The route of this request, on whose path every plausible reading of the target agrees."""
        path = head.path
        found = self._match_path(head, path)
        if not (path.translate(PLAIN).isalnum() and path.find(b"//") < 0) and is_ambiguous(path):
            for reading in readings(path):
                if self._match_path(head, reading) is not found:
                    return _AMBIGUOUS
        return found if found is not None else self._miss(head)

    def _match_path(self, head: RequestHead, path: bytes) -> Route | None:
        routes = self._literal.get(path)
        if routes is not None:
            found = _first(routes, head)
            if found is not None:
                return found
        if path[:1] != b"/":
            return None
        segments = path.split(b"/")
        node = self._root
        for segment in segments[1:]:  # the first path that the walk would try, without its recursion
            below = node.literals.get(segment) or (node.any if segment else None)
            if below is None:
                break
            node = below
        else:
            found = _first(node.routes, head) if node.routes else None
            if found is not None:
                return found
        return _walk(self._root, segments, 1, head)

    def _miss(self, head: RequestHead) -> Miss:
        """Which methods would have matched: a slow second walk, taken for errors only."""
        methods: set[bytes] = set()
        original = head.method
        for method in self._methods:
            head.method = method
            if self._match_path(head, head.path) is not None:
                methods.add(method)
        head.method = original
        return Miss(frozenset(methods)) if methods else _NO_ROUTE


def _literal_below(node: _Node, segment: bytes) -> _Node:
    """The node of a literal, which answers to its other spellings too: every reading of the path must find it."""
    below = node.literals.setdefault(segment, _Node())
    for spelling in other_spellings(segment):
        node.literals[spelling] = below
    return below


def _first(routes: list[Route], head: RequestHead) -> Route | None:
    for route in routes:
        if (route.methods is None or head.method in route.methods) and (
            not route.predicates or all(each.matches(head) for each in route.predicates)
        ):
            return route
    return None


def _walk(node: _Node, segments: list[bytes], at: int, head: RequestHead) -> Route | None:
    """Depth first, most specific first; the depth is bounded by the table's, not by the request's."""
    if at == len(segments):
        return _first(node.routes, head) or _first(node.rest, head)
    segment = segments[at]
    below = node.literals.get(segment)
    found = _walk(below, segments, at + 1, head) if below is not None else None
    if found is None and node.any is not None and segment:
        found = _walk(node.any, segments, at + 1, head)
    if found is None and node.rest:
        found = _first(node.rest, head)
    return found
