"""What is being written: where a read and a write overlap, each side may have been asked about another state.

Rule 1: a write counts from its start until its answer is out, against reads of the same cohort on the same path.
Rule 2: bounded: of the writes that are over, the newest are known; a read that began before those may have met any.
Rule 3: nothing that a client sent is kept, only a hash of it: two that meet there make a read count as overlapped.
Rule 4: a write reaches what lies above its path and below it, segment by segment: `/orders/7` has to do with `/orders`
        and `/orders/7/lines`, not with `/orders/8`. Segments beyond the eighth are taken for the same.
Rule 5: spellings of a path that mean the same (RFC 3986 section 6.2.2) are one path.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from proxy.core.http.target import one_spelling
from proxy.edge.routing.tap import Tap

if TYPE_CHECKING:
    from proxy.core.outcome import Failure

MOST = 16384
"""Places where writes are over and still known: of a write, its path and each one above it."""
_DEPTH = 8


class WritesInFlight:
    """The writes of one worker; what it is asked about is places: hashes of a path and a cohort's key."""

    def __init__(self) -> None:
        """Nothing is written."""
        self._running: dict[int, int] = {}
        self._ended: dict[int, float] = {}
        self._forgotten = 0.0

    def begin(self, places: tuple[int, ...]) -> None:
        """One has begun."""
        for place in places:
            self._running[place] = self._running.get(place, 0) + 1

    def end(self, places: tuple[int, ...]) -> None:
        """One that had begun is over."""
        now = monotonic()
        for place in places:
            left = self._running.pop(place, 1) - 1
            if left:
                self._running[place] = left
            self._ended.pop(place, None)  # it becomes the newest
            self._ended[place] = now
        while len(self._ended) > MOST:
            self._forgotten = self._ended.pop(next(iter(self._ended)))

    def overlapped(self, place: int, since: float) -> bool:
        """Whether any write was on at some time after `since` (monotonic)."""
        return place in self._running or self._ended.get(place, self._forgotten) >= since

    def last(self, places: tuple[int, ...]) -> float:
        """When anything was last written at any of them (monotonic); 0: never, as far as is known."""
        if any(place in self._running for place in places):
            return monotonic()
        return max(self._ended.get(place, self._forgotten) for place in places)


def place_of(path: bytes, cohort: bytes) -> int:
    """What stands for a path and a cohort's key: rule 3."""
    return _at(one_spelling(path), cohort)


def places_of(path: bytes, cohort: bytes) -> tuple[int, ...]:
    """Where a write is known: its path, and below each path that it lies under."""
    path = one_spelling(path)
    above = _prefixes(path)
    return tuple({_at(path, cohort), _at(above[-1], cohort), *(_below(prefix, cohort) for prefix in above)})


def reach_of(path: bytes, cohort: bytes) -> tuple[int, ...]:
    """Where a write is looked for that this path has to do with: rule 4."""
    above = _prefixes(one_spelling(path))
    return (_below(above[-1], cohort), *(_at(prefix, cohort) for prefix in above))


def _at(path: bytes, cohort: bytes) -> int:
    return hash((path, cohort))


def _below(path: bytes, cohort: bytes) -> int:
    return hash((path, cohort, "below"))


def _prefixes(path: bytes) -> list[bytes]:
    """A path and all above it, the root (empty) first, itself last."""
    found = [b""]
    for segment in path.rstrip(b"/").split(b"/", _DEPTH + 1)[1 : _DEPTH + 1]:
        found.append(found[-1] + b"/" + segment)
    return found


class WriteTap(Tap):
    """Has a request known as a write from its start until its answer is out."""

    def __init__(self, writes: WritesInFlight, places: tuple[int, ...]) -> None:
        """`places` as by `places_of`."""
        self._writes = writes
        self._places = places

    def opened(self) -> None:
        """Rule 1."""
        self._writes.begin(self._places)

    def ended(self, failure: Failure | None, began: float, ended: float, *, fell_back: bool) -> None:
        """It is over, well or not: nobody knows what a write that failed has done."""
        del failure, began, ended, fell_back
        self._writes.end(self._places)
