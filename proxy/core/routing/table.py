"""The route table: an immutable trie over path segments, and beside it short cuts; built once per snapshot.

Rule 1: the most specific path wins, segment by segment from the left: literal, then `{name}` or `*`, then `**`.
Rule 2: on the same path the route with more predicates wins (methods count as one), then the more exact host.
Rule 3: a path whose routes all decline does not end the search; the next less specific path is asked.
Rule 4: a look-up costs the depth of the path, not the number of routes. Paths of one form (`/a/b/{id}`) lie in one
        dictionary, which is asked first wherever nothing else could win: of a large table, a walk through the trie
        would find most of its nodes in slow memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from proxy.core.http.request import RequestHead
from proxy.core.http.target import PLAIN, is_ambiguous, readings
from proxy.core.routing.path import ANY, REST, other_spellings
from proxy.core.routing.predicate import HostIs
from proxy.core.routing.route import Route


class _ManyHosts:
    """The routes of a path on which many routes ask for one host each: those of a host are found by its name."""

    __slots__ = ("by_host", "others")

    def __init__(self, routes: Iterable[Route]) -> None:
        by_host: dict[str, list[Route]] = {}
        for route in routes:
            by_host.setdefault(_one_host(route), []).append(route)
        self.by_host = {host: tuple(there) for host, there in by_host.items()}
        self.others = self.by_host.pop("", ())

    def first(self, head: RequestHead) -> Route | None:
        hosted, other = _first(self.by_host.get(head.host, ()), head), _first(self.others, head)
        if hosted is None or other is None:
            return hosted or other
        return max(hosted, other, key=rank)


_Routes = tuple[Route, ...] | _ManyHosts


class _Node:
    __slots__ = ("any", "literals", "rest", "routes")

    def __init__(self) -> None:
        self.literals: dict[bytes, _Node] = _NO_NODES
        self.any: _Node | None = None
        self.routes: _Routes = ()
        self.rest: _Routes = ()


_NO_NODES: dict[bytes, _Node] = {}
"""Of every node without literals below; never written to."""


class _Form:
    """All paths of one length with `{name}` or `*` at the same places."""

    __slots__ = ("_literal", "_open", "_routes")

    def __init__(self, shape: tuple[bytes, ...]) -> None:
        """Begin with none; segments are counted from 1, as in a path that was split."""
        self._literal = [at for at, segment in enumerate(shape, 1) if segment != ANY]
        self._open = [at for at, segment in enumerate(shape, 1) if segment == ANY]
        self._routes: dict[bytes, _Routes] = {}

    def add(self, shape: tuple[bytes, ...], routes: _Routes) -> None:
        """The routes of one path of this form."""
        self._routes[b"/".join(segment for segment in shape if segment != ANY)] = routes

    def first(self, segments: list[bytes], head: RequestHead) -> Route | None:
        """The route of a path with so many segments."""
        routes = self._routes.get(b"/".join([segments[at] for at in self._literal]))
        if routes is None:
            return None
        for at in self._open:
            if not segments[at]:
                return None
        return _first(routes, head)


@dataclass(frozen=True, slots=True)
class Miss:
    """No route: `methods` are those that the path would take (405), none means 404; `ambiguous` means 400 (R9)."""

    methods: frozenset[bytes] = frozenset()
    ambiguous: bool = False


_NO_ROUTE = Miss()
MANY_HOSTS = 16
"""From so many hosts on one path, a dictionary is quicker than asking one after the other."""
MANY_FORMS = 4
"""From more forms of one length on, the trie is quicker than asking one after the other."""
_AMBIGUOUS = Miss(ambiguous=True)


def rank(route: Route) -> tuple[int, int]:
    """Greater wins among routes of one path: number of predicates, then exactness of the host."""
    exactness = max((predicate.exactness for predicate in route.predicates if isinstance(predicate, HostIs)), default=0)
    return len(route.predicates) + (route.methods is not None), exactness


class RouteTable:
    """Finds the route of a request (`match`), and a route by its name (`by_name`)."""

    __slots__ = ("_forms", "_literal", "_methods", "_root", "by_name", "routes")

    def __init__(self, routes: Iterable[Route]) -> None:
        """Routes in file order; conflicts have been refused before."""
        self.routes = tuple(routes)
        self.by_name = {route.name: route for route in self.routes}
        self._methods = frozenset(method for route in self.routes for method in route.methods or ())
        self._root = _Node()
        self._literal: dict[bytes, _Routes] = {}
        places: dict[tuple[bytes, ...], list[Route]] = {}
        for route in sorted(self.routes, key=rank, reverse=True):
            places.setdefault(route.pattern.shape, []).append(route)
        found = {
            shape: _ManyHosts(there) if _has_many_hosts(there) else tuple(there) for shape, there in places.items()
        }
        for shape, routes_there in found.items():
            self._place(shape, routes_there)
        self._forms = _forms(found)

    def __reduce__(self) -> tuple[type[RouteTable], tuple[tuple[Route, ...]]]:
        """Pickled as its routes; the tree is built anew."""
        return RouteTable, (self.routes,)

    def _place(self, shape: tuple[bytes, ...], routes: _Routes) -> None:
        """Put the routes of one path, in the order in which they are asked."""
        node = self._root
        for segment in shape:
            if segment == REST:
                node.rest = routes
                return
            if segment == ANY:
                node.any = node.any or _Node()
                node = node.any
            else:
                node = _literal_below(node, segment)
        node.routes = routes
        if ANY not in shape:
            self._literal[b"/" + b"/".join(shape)] = routes

    def match(self, head: RequestHead) -> Route | Miss:
        """The route of this request, on whose path every plausible reading of the target agrees."""
        path = head.path
        found = self._match_path(head, path)
        if not (path.translate(PLAIN).isalnum() and path.find(b"//") < 0) and is_ambiguous(path):
            for reading in readings(path):
                if self._match_path(head, reading) is not found:
                    return _AMBIGUOUS
        return found if found is not None else self._miss(head)

    def by_raw_path(self, head: RequestHead) -> Route | None:
        """The route that the path's own bytes find, whatever its other readings would."""
        return self._match_path(head, head.path)

    def _match_path(self, head: RequestHead, path: bytes) -> Route | None:
        routes = self._literal.get(path)
        if routes is not None:
            found = _first(routes, head)
            if found is not None:
                return found
        if path[:1] != b"/":
            return None
        segments = path.split(b"/")
        forms = self._forms.get(len(segments) - 1)
        if forms is not None:
            for form in forms:
                found = form.first(segments, head)
                if found is not None:
                    return found
        return _walk(self._root, segments, 1, head)

    def _miss(self, head: RequestHead) -> Miss:
        methods = self.methods(head)
        return Miss(methods) if methods else _NO_ROUTE

    def methods(self, head: RequestHead) -> frozenset[bytes]:
        """Which of the methods that routes name would match: a slow second walk, seldom taken."""
        methods: set[bytes] = set()
        original = head.method
        for method in self._methods:
            head.method = method
            if self._match_path(head, head.path) is not None:
                methods.add(method)
        head.method = original
        return frozenset(methods)


def _forms(places: Mapping[tuple[bytes, ...], _Routes]) -> dict[int, list[_Form]]:
    """By length, in the order in which the trie would come to them, as far as nothing else comes between.

    Paths of literals alone are found before, by their bytes. A path that ends in `**` comes before one that has `*`
    where the other has a literal; a literal with encoded bytes answers to several spellings.
    """
    rests = [shape[:-1] for shape in places if shape[-1:] == (REST,)]
    found: dict[int, dict[tuple[bool, ...], _Form]] = {}
    encoded: set[int] = set()
    for shape, routes in places.items():
        if shape[-1:] == (REST,):
            continue
        if any(b"%" in segment for segment in shape):
            encoded.add(len(shape))
        if ANY not in shape:
            continue
        form = found.setdefault(len(shape), {}).setdefault(_opens(shape), _Form(shape))
        form.add(shape, routes)
    kept: dict[int, list[_Form]] = {}
    openings = {_opens(prefix) for prefix in rests}
    for length, forms in found.items():
        firm = [mask for mask in sorted(forms) if not any(_outranks(opening, mask) for opening in openings)]
        if length not in encoded and len(firm) == len(forms) <= MANY_FORMS:
            kept[length] = [forms[mask] for mask in firm]
    return kept


def _opens(shape: tuple[bytes, ...]) -> tuple[bool, ...]:
    """The positions of a pattern that take any segment."""
    return tuple(segment == ANY for segment in shape)


def _outranks(prefix: tuple[bool, ...], mask: tuple[bool, ...]) -> bool:
    """Whether a path that begins so and takes the rest comes before one of this form."""
    return len(prefix) <= len(mask) and prefix < mask[: len(prefix)]


def _literal_below(node: _Node, segment: bytes) -> _Node:
    """The node of a literal, which answers to its other spellings too: every reading of the path must find it."""
    if node.literals is _NO_NODES:
        node.literals = {}
    below = node.literals.setdefault(segment, _Node())
    for spelling in other_spellings(segment):
        node.literals[spelling] = below
    return below


def _one_host(route: Route) -> str:
    """The one host that a route takes; empty when it may take several."""
    return next(
        (predicate.pattern for predicate in route.predicates if isinstance(predicate, HostIs) and predicate.exact), ""
    )


def _has_many_hosts(routes: list[Route]) -> bool:
    return len(routes) > MANY_HOSTS and len(set(map(_one_host, routes))) > MANY_HOSTS


def _first(routes: _Routes, head: RequestHead) -> Route | None:
    if isinstance(routes, _ManyHosts):
        return routes.first(head)
    for route in routes:
        if (route.methods is None or head.method in route.methods) and (
            not route.predicates or all(predicate.matches(head) for predicate in route.predicates)
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
