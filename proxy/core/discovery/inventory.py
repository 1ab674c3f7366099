"""The endpoints of an API as its traffic shows them: routes that are known, and templates that were found.

Rule 1: where a route of routes.yaml names the path (it is no `/**`), its pattern is the template.
Rule 2: only answers that say that something is there teach a new path: below 400, or a conflict; 401, 403, 429 and
        failures of the server only to a verified caller. All others count where their path is known already, else they
        are held apart (`missed`): scanners invent paths.
Rule 3: names of queries and of fields are bounded in all as well: those of endpoints that are called least, and by
        nobody verified, go first.
Rule 4: a template that was seen once, from nobody verified, is held apart as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from proxy.core.discovery.endpoint import EndpointSeen, Observation
from proxy.core.discovery.known_method import known_method
from proxy.core.discovery.path_trie import DEEPER, DISTINCT, MOST_PLACES, PathTrie, TriePlace, ValueSeen, segments_of
from proxy.core.discovery.segment import SegmentKind
from proxy.core.discovery.usage import UNVERIFIED

MOST_KNOWN = 20_000
"""Templates of routes, by method."""
MOST_NAMES = 100_000
_LOOKED_AT_EVERY = 1000
"""Requests, and bodies, after which it is asked how many names there are."""
_REST = "**"
"""What is behind the deepest segment, as routes write it."""
_TEACHES = frozenset({408, 409, 412, 415, 422, 423, 424, 428})
_REFUSED = frozenset({401, 402, 403, 429})
_NAMES = {
    SegmentKind.DATE: "date",
    SegmentKind.EMAIL: "email",
    SegmentKind.TEXT: "text",
    SegmentKind.SLUG: "name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A segment that is a value: what it looked like, and how many values were met, `DISTINCT` for as many or more."""

    name: str
    kinds: tuple[SegmentKind, ...]
    distinct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredEndpoint:
    """One method of one template; `is_known`: a route of routes.yaml names the template, `is_alone`: nothing else of it
    was seen.
    """

    method: str
    template: str
    seen: EndpointSeen
    parameters: tuple[Parameter, ...] = ()
    is_known: bool = False
    is_alone: bool = False

    @property
    def is_single(self) -> bool:
        """Rule 4."""
        return self.is_alone and set(self.seen.callers) == {UNVERIFIED}

    @property
    def routes(self) -> tuple[str, ...]:
        """Which routes took it, by name; an empty one: none did."""
        return tuple(sorted(self.seen.routes))


class Inventory:
    """What was seen by now. `missed` are requests that were held apart by rule 2, as weights."""

    __slots__ = ("_known", "_looked", "_trie", "missed", "observed")

    def __init__(self, most: int = MOST_PLACES) -> None:
        """Nothing; `most` bounds places in paths."""
        self._trie = PathTrie(most)
        self._known: dict[tuple[str, str], EndpointSeen] = {}
        self._looked = 0
        self.missed = 0.0
        self.observed = 0

    @property
    def dropped(self) -> int:
        """Requests that were forgotten, since places are bounded."""
        return self._trie.dropped

    @property
    def places(self) -> int:
        """How many are remembered."""
        return self._trie.places

    def take(self, seen: Observation, pattern: str = "") -> None:
        """One request more; `pattern` is that of the route that took it, where it names the path (rule 1)."""
        self.observed += 1
        self._bound_names()
        if (method := known_method(seen.method)) != seen.method:
            seen = replace(seen, method=method)
        if pattern:
            known = self._known.get((pattern, seen.method))
            if known is None and len(self._known) < MOST_KNOWN:
                known = self._known[pattern, seen.method] = EndpointSeen(seen.at)
            if known is not None:
                known.count(seen)
        elif teaches(seen):
            self._trie.see(seen)
        else:
            found = self._trie.find(seen.path, seen.method)
            if found is None:
                self.missed += seen.weight
            else:
                found.count(seen)

    def see_body(self, seen: Observation, pattern: str = "") -> None:
        """Names in the body of a request, where its endpoint is known already; it is not counted anew."""
        self._bound_names()
        method = known_method(seen.method)
        known = self._known.get((pattern, method)) if pattern else self._trie.find(seen.path, method)
        if known is not None and seen.fields is not None:
            known.see_body(seen.fields, seen.caller)

    def _bound_names(self) -> None:
        """Rule 3, now and then."""
        self._looked += 1
        if self._looked % _LOOKED_AT_EVERY:
            return
        ends = [*self._known.values(), *self._trie.ends()]
        names = sum(seen.names for seen in ends)
        if names <= MOST_NAMES:
            return
        for seen in sorted(ends, key=lambda each: (set(each.callers) != {UNVERIFIED}, each.observed)):
            if names > MOST_NAMES * 0.9:
                names -= seen.names
                seen.forget_names()

    def restore(self, endpoint: DiscoveredEndpoint) -> None:
        """Go on with what was known of it before."""
        if endpoint.is_known:
            key = (endpoint.template, endpoint.method)
            self._known.setdefault(key, EndpointSeen(endpoint.seen.first)).merge(endpoint.seen)
        else:
            values: dict[str, str | ValueSeen] = {_REST: DEEPER}
            values |= {f"{{{each.name}}}": ValueSeen(each.kinds, each.distinct) for each in endpoint.parameters}
            way = [values.get(segment, segment) for segment in segments_of(endpoint.template)]
            self._trie.restore(way, endpoint.method, endpoint.seen)
        self.observed += endpoint.seen.observed

    def endpoints(self) -> tuple[DiscoveredEndpoint, ...]:
        """All of them, by template and method, those that were seen once as well."""
        self._trie.gather()
        known = [
            DiscoveredEndpoint(method=method, template=pattern, seen=seen, is_known=True)
            for (pattern, method), seen in self._known.items()
        ]
        return tuple(sorted([*known, *_found(self._trie.root)], key=lambda each: (each.template, each.method)))


def teaches(seen: Observation) -> bool:
    """Rule 2."""
    if seen.status < 400 or seen.status in _TEACHES:
        return True
    return seen.caller != UNVERIFIED and (seen.status in _REFUSED or seen.status >= 500)


Step = tuple[str | None, TriePlace]
"""A segment: its word, None for a value, and the place behind it."""


def _found(root: TriePlace) -> Iterator[DiscoveredEndpoint]:
    waiting: list[tuple[TriePlace, tuple[Step, ...]]] = [(root, ())]
    while waiting:
        place, way = waiting.pop()
        if place.ends:
            yield from _ends(place.ends, way)
        waiting += [(below, (*way, (word, below))) for word, below in place.words.items()]
        if place.value is not None:
            waiting.append((place.value, (*way, (place.value.constant or None, place.value))))


def _ends(ends: Mapping[str, EndpointSeen], way: Sequence[Step]) -> Iterator[DiscoveredEndpoint]:
    parameters = tuple(_parameters(way))
    names = iter(parameters)
    segments = [f"{{{next(names).name}}}" if word is None else _REST if word == DEEPER else word for word, _ in way]
    template, is_alone = "/" + "/".join(segments), sum(seen.observed for seen in ends.values()) == 1
    for method, seen in ends.items():
        yield DiscoveredEndpoint(method=method, template=template, seen=seen, parameters=parameters, is_alone=is_alone)


def _parameters(way: Sequence[Step]) -> Iterator[Parameter]:
    """Named for what they look like; two of one name for the words before them."""
    plain = [_NAMES.get(_usual(place), "id") for word, place in way if word is None]
    taken: set[str] = set()
    before, at = "", 0
    for word, place in way:
        if word is not None:
            before = word
            continue
        wished = plain[at] if plain.count(plain[at]) == 1 or not before else f"{singular(before)}_{plain[at]}"
        at += 1
        name = next(each for each in numbered(wished) if each not in taken)
        taken.add(name)
        kinds = tuple(sorted(place.kinds, key=lambda kind: -place.kinds[kind]))
        yield Parameter(name=name, kinds=kinds, distinct=min(len(place.values), DISTINCT))


def _usual(place: TriePlace) -> SegmentKind:
    return max(place.kinds, key=lambda kind: place.kinds[kind])


def numbered(name: str) -> Iterator[str]:
    """`id`, `id_2`, `id_3` and so on."""
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def singular(word: str) -> str:
    """`customers` → `customer`; signs that no name may have are left out."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in word).strip("_").lower()
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", "")):
        if plain.endswith(ending) and not plain.endswith("ss") and len(plain) > len(ending) + 1:
            plain = plain[: -len(ending)] + instead
            break
    return plain if plain[:1].isalpha() else f"p_{plain}"
