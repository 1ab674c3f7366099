"""Which comparisons count: as evidence three times a day, for the detector of change once a minute, per request each.

Rule 1: both begin anew with each step and each epoch, and when the route's rules were edited, as what was found before
        counts no longer. While two versions answer side by side each has its own.
Rule 2: memory is bounded: of a route's steps and epochs the latest are known, and of each so many requests.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from math import inf

from proxy.core.evidence.records import epoch_mark
from proxy.core.math.confidence import PER_DAY, Repeats
from proxy.core.parity.pair import Pair

MOST_REMEMBERED = 400_000
"""Requests, over all routes, of which it is known how often they were compared."""
_FEWEST = 500
_MOST_KEYS = 4
_DAY, _MINUTE = 86_400.0, 60.0
_Key = tuple[str, int]


class Counting:
    """How often each request was compared, by route, step and epoch."""

    def __init__(self) -> None:
        """Nothing was compared yet."""
        self._most = MOST_REMEMBERED
        self._known: dict[str, dict[_Key, tuple[Repeats, Repeats]]] = {}
        self._edited: dict[str, float] = {}

    def follow(self, routes: Container[str], number: int) -> None:
        """The table has these routes, so many; what is known of others goes."""
        self._most = max(MOST_REMEMBERED // max(number, 1), _FEWEST)
        self._known = {name: each for name, each in self._known.items() if name in routes}
        self._edited = {name: at for name, at in self._edited.items() if name in routes}

    def edited(self, routes: Iterable[str], now: float) -> None:
        """The rules of these were edited: their evidence counts from the next full minute on, so each request does."""
        self._edited.update(dict.fromkeys(routes, (now // _MINUTE + 1) * _MINUTE))

    def counts(self, pair: Pair) -> tuple[bool, bool]:
        """Whether the pair is evidence, and whether the detector looks at it: the same request of the same cohort."""
        if pair.at >= self._edited.get(pair.route, inf):
            del self._edited[pair.route]
            self._known.pop(pair.route, None)
        asked = hash((pair.cohort, pair.request.method, pair.request.target, pair.request.body))
        daily, lately = self._of(pair)
        return daily.counts(asked, pair.at), lately.counts(asked, pair.at)

    def _of(self, pair: Pair) -> tuple[Repeats, Repeats]:
        key = (epoch_mark(pair.legacy_version, pair.new_version, pair.addresses, pair.begun), pair.step)
        known = self._known.setdefault(pair.route, {})
        found = known.get(key)
        if found is None:
            found = known[key] = Repeats(self._most, PER_DAY, _DAY), Repeats(self._most, 1, _MINUTE)
            if len(known) > _MOST_KEYS:
                del known[next(iter(known))]
        return found
