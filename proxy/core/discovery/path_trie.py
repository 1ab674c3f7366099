"""Paths as a tree, segment by segment, in which values are told from the words of an API.

Rule 1: a segment that is a value by its look (`segment.py`) goes to its place's parameter at once.
Rule 2: words in one place are its children until there are `DISTINCT` of them; then those that are alike are values,
        and become the parameter. What a place's words call otherwise than their siblings stays, and so do words that
        name an operation (`RESERVED`): `me` beside 10,000 names is a word.
Rule 3: at the root, behind `api` or a version, and where words have parameters of their own right behind them
        (collections: `customers/{id}`), words are resources, and it takes `RESOURCES` of them, each called seldom.
Rule 4: memory is bounded: children of a place by rule 2 and 3, places by `most`. The least called go first, and are
        counted; where a verified caller was they go last, however seldom it calls: whoever else invents paths, and
        whatever is answered, drives none of those out. A value that became a parameter is forgotten.
Rule 5: what is deeper than `DEEPEST` is one place, `DEEPER`, which no segment is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from xxhash import xxh3_64_intdigest

from proxy.core.discovery.endpoint import EndpointSeen, Observation
from proxy.core.discovery.segment import SegmentKind, is_version, kind_of
from proxy.core.discovery.usage import UNVERIFIED

DISTINCT = 20
RESOURCES = 200
MOST_PLACES = 10_000
DEEPEST = 16
"""Segments of a path; what is behind them is not told apart."""
DEEPER = "/"
_OFTEN = 5
_ALIKE = 0.05
_COLLECTIONS = 0.2
_SURE = 50
_MUCH = 0.01
_SHORT_NUMBER = 4
_PREFIXES = frozenset({"api", "apis", "rest", "internal", "public", "private", "services", "service", "json", "rpc"})
_OPERATIONS = """
me self mine current my own search find query lookup filter list new create add edit update delete remove latest last
first next previous count total all recent export import batch bulk upload download validate verify check preview login
logout signin signup signout register refresh revoke callback status health healthz ready live ping version info summary
config default schema metadata help about index autocomplete suggest
"""
RESERVED = frozenset({"", DEEPER, *_OPERATIONS.split()})
"""Words that stay words among values; the empty one is a slash at the end."""


@dataclass(frozen=True, slots=True)
class ValueSeen:
    """What was seen of the values in one place: how they looked, and how many there were, up to `DISTINCT`."""

    kinds: tuple[SegmentKind, ...]
    distinct: int


class TriePlace:
    """One place in paths. `words` are its children by name, `value` the one for values; `ends` what ends here, by
    method. Of a place for values `kinds` counts what they looked like, and `values` are marks of at most `DISTINCT`.
    `due`: with so many words it is asked whether they are values. `is_open`: they are, but for those there.
    `is_verified`: some verified caller came through it.
    """

    __slots__ = ("calls", "due", "ends", "is_open", "is_verified", "kinds", "number", "value", "values", "words")

    def __init__(self) -> None:
        """Nobody has been here."""
        self.calls = 0
        self.words: dict[str, TriePlace] = {}
        self.value: TriePlace | None = None
        self.ends: dict[str, EndpointSeen] = {}
        self.is_open = self.is_verified = False
        self.due = DISTINCT
        self.kinds: dict[SegmentKind, int] = {}
        self.values: set[int] = set()
        self.number = ""

    def see_value(self, segment: str, kind: SegmentKind) -> None:
        """A value stood here."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if len(self.values) < DISTINCT:
            self.values.add(xxh3_64_intdigest(segment.encode("utf-8", "surrogatepass")))
            short = kind is SegmentKind.INTEGER and len(segment) <= _SHORT_NUMBER
            self.number = segment if short and len(self.values) == 1 else ""

    def restored(self, value: ValueSeen) -> TriePlace:
        """The place for values behind it, of which so many were seen before."""
        below = self._value()
        below.kinds = {kind: max(below.kinds.get(kind, 0), 1) for kind in (*value.kinds, *below.kinds)}
        below.values |= set(range(value.distinct - len(below.values)))
        self.is_open = self.is_open or SegmentKind.SLUG in value.kinds
        return below

    @property
    def constant(self) -> str:
        """The one short number that always stands here; empty: it is a value."""
        return self.number if len(self.values) == 1 and self.calls >= _SURE else ""

    def absorb(self, other: TriePlace) -> None:
        """What was seen in another place that turned out to be this one."""
        self.calls += other.calls
        self.is_verified = self.is_verified or other.is_verified
        for method, seen in other.ends.items():
            known = self.ends.setdefault(method, EndpointSeen(seen.first))
            known.merge(seen)
        for word, place in other.words.items():
            if self.is_open and word not in RESERVED and word not in self.words:
                self._value().absorb(place)
                self._value().kinds[SegmentKind.SLUG] = self._value().kinds.get(SegmentKind.SLUG, 0) + 1
            else:
                self.words.setdefault(word, TriePlace()).absorb(place)
        if other.value is not None:
            self._value().absorb_value(other.value)

    def absorb_value(self, other: TriePlace) -> None:
        """The same of a place for values."""
        for kind, count in other.kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + count
        self.number = self.number if self.values == other.values else ""
        self.values = set(sorted(self.values | other.values)[:DISTINCT])
        self.absorb(other)

    def _value(self) -> TriePlace:
        if self.value is None:
            self.value = TriePlace()
        return self.value


class PathTrie:
    """All paths that were seen. `places` is how many there are; `dropped` counts requests whose place went (rule 4)."""

    __slots__ = ("_most", "dropped", "places", "root")

    def __init__(self, most: int = MOST_PLACES) -> None:
        """Empty."""
        self._most = most
        self.root = TriePlace()
        self.places = 1
        self.dropped = 0

    def see(self, seen: Observation) -> None:
        """Learn from one request."""
        place, is_prefix = self.root, True
        place.calls += 1
        for segment in segments_of(seen.path):
            place = self._step(place, segment, is_prefix=is_prefix)
            place.calls += 1
            place.is_verified = place.is_verified or seen.caller != UNVERIFIED
            is_prefix = is_prefix and is_prefix_word(segment)
        known = place.ends.get(seen.method)
        if known is None:
            known = place.ends[seen.method] = EndpointSeen(seen.at)
        known.count(seen)
        if self.places > self._most:
            self._thin()

    def _step(self, place: TriePlace, segment: str, *, is_prefix: bool) -> TriePlace:
        """The place behind."""
        kind = SegmentKind.WORD if segment == DEEPER else kind_of(segment)
        if kind is SegmentKind.WORD and segment not in place.words and (not place.is_open or segment in RESERVED):
            place.words[segment] = TriePlace()
            self.places += 1
            if len(place.words) >= place.due:
                gather(place, is_prefix=is_prefix)
        known = place.words.get(segment)
        if known is None:
            self.places += place.value is None
            known = place.value = place.value or TriePlace()
            known.see_value(segment, SegmentKind.SLUG if kind is SegmentKind.WORD else kind)
        return known

    def find(self, path: str, method: str) -> EndpointSeen | None:
        """What is known of the endpoint that takes this path; None: nothing is."""
        place: TriePlace | None = self.root
        for segment in segments_of(path):
            if place is None:
                return None
            place = place.words.get(segment) or (place.value if _may_be_value(place, segment) else None)
        return None if place is None else place.ends.get(method)

    def restore(self, way: Sequence[str | ValueSeen], method: str, seen: EndpointSeen) -> None:
        """What was known of an endpoint before: its words and values in order."""
        place = self.root
        for step in way:
            place = place.words.setdefault(step, TriePlace()) if isinstance(step, str) else place.restored(step)
            place.calls += seen.observed
            place.is_verified = place.is_verified or seen.callers.keys() != {UNVERIFIED}
        place.ends.setdefault(method, EndpointSeen(seen.first)).merge(seen)
        self.places = size_of(self.root)

    def ends(self) -> Iterator[EndpointSeen]:
        """All endpoints that are remembered."""
        for place, _ in _walk(self.root, is_prefix=False):
            yield from place.ends.values()

    def gather(self) -> None:
        """Ask everywhere whether words are values, and count places anew."""
        for place, is_prefix in list(_walk(self.root, is_prefix=True)):
            gather(place, is_prefix=is_prefix)
        self.places = size_of(self.root)

    def _thin(self) -> None:
        """Rule 4: forget what was called least, until a tenth is free."""
        self.gather()
        for spares in (True, False):
            often = 1
            while self.places > self._most * 0.9 and often <= self.root.calls * 2:
                self.dropped += _drop(self.root, often, spares=spares)
                self.places = size_of(self.root)
                often *= 2


def segments_of(path: str) -> Sequence[str]:
    """Its segments, at most `DEEPEST`; of empty ones only that of a slash at the end, which makes another path."""
    found = [segment for segment in path.split("/") if segment]
    found += [""] * (bool(found) and path.endswith("/"))
    return found if len(found) <= DEEPEST else [*found[: DEEPEST - 1], DEEPER]


def is_prefix_word(word: str) -> bool:
    """Whether resources stand behind it, as at the root (rule 3)."""
    return word.lower() in _PREFIXES or is_version(word)


def _may_be_value(place: TriePlace, segment: str) -> bool:
    return segment != DEEPER and (place.is_open or kind_of(segment) is not SegmentKind.WORD)


def gather(place: TriePlace, *, is_prefix: bool) -> None:
    """Turn the words of a place into values where there are enough that are alike (rules 2 and 3)."""
    place.due = max(DISTINCT, len(place.words) * 3 // 2)
    if len(place.words) < DISTINCT:
        return
    collections = [word for word, below in place.words.items() if _is_collection(below)]
    is_resources = is_prefix or len(collections) >= len(place.words) * _COLLECTIONS
    kept = set(collections)
    if is_resources:
        kept = {word for word, below in place.words.items() if below.calls > place.calls * _MUCH}
    candidates = [word for word in place.words if word not in RESERVED and word not in kept]
    values = _alike({word: place.words[word] for word in candidates})
    if len(values) < (RESOURCES if is_resources else DISTINCT):
        return
    value = place.value = place.value or TriePlace()
    place.is_open = True
    for word in values:
        below = place.words.pop(word)
        value.see_value(word, SegmentKind.SLUG)
        value.absorb(below)
    gather(value, is_prefix=False)


def _is_collection(place: TriePlace) -> bool:
    """Whether values stand right behind it: `customers/{id}`."""
    return place.value is not None


Call = tuple[str, str]


def _alike(words: dict[str, TriePlace]) -> list[str]:
    """Those that are called as their siblings are."""
    calls = {word: dict(_calls(place)) for word, place in words.items()}
    having: dict[Call, int] = {}
    for found in calls.values():
        for call in found:
            having[call] = having.get(call, 0) + 1
    few = max(2.0, len(words) * _ALIKE)
    return [word for word, found in calls.items() if not _is_other(found, lambda call: having[call] < few)]


def _is_other(found: dict[Call, int], is_rare: Callable[[Call], bool]) -> bool:
    total = sum(found.values())
    return total >= _OFTEN and sum(count for call, count in found.items() if is_rare(call)) > total / 2


def _calls(place: TriePlace, deep: int = 3) -> Iterator[tuple[Call, int]]:
    """How a place is called: the method, and the words behind it; what is deeper is one call."""
    for method, seen in place.ends.items():
        yield (method, ""), seen.observed
    if not deep:
        yield ("", "/"), sum(below.calls for below in place.words.values())
    else:
        for word, below in place.words.items():
            for (method, behind), count in _calls(below, deep - 1):
                yield (method, f"/{word}{behind}"), count
        if place.value is not None:
            for (method, behind), count in _calls(place.value, deep - 1):
                yield (method, f"/{{}}{behind}"), count


def size_of(place: TriePlace) -> int:
    """How many places there are, with this one."""
    return sum(1 for _ in _walk(place, is_prefix=False))


def _walk(place: TriePlace, *, is_prefix: bool) -> Iterator[tuple[TriePlace, bool]]:
    waiting = [(place, is_prefix)]
    while waiting:
        here, prefix = waiting.pop()
        yield here, prefix
        for word, below in here.words.items():
            waiting.append((below, prefix and is_prefix_word(word)))
        if here.value is not None:
            waiting.append((here.value, False))


def _drop(place: TriePlace, often: int, *, spares: bool) -> int:
    """Take away what is behind `place` and was called at most so often; how many requests that were.

    `spares`: not where a verified caller was.
    """
    gone = 0
    for word, below in list(place.words.items()):
        if below.calls <= often and not (spares and below.is_verified):
            gone += below.calls
            del place.words[word]
        else:
            gone += _drop(below, often, spares=spares)
    if place.value is not None:
        gone += _drop(place.value, often, spares=spares)
    return gone
