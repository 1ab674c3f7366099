"""When one of both sides of a route was closed, as far as somebody judged: no time at a step, and no answers of one.

Rule 1: it is noted in each round, so that an edit of a window changes nothing about what was. What nobody judged is no
        time at a step by itself (judged_times.py).
Rule 2: a stretch lasts from the round before the first in which a side was closed to the first in which none is.
Rule 3: reports of workers and of other replicas come late: what is told up to `LATE` after the end came before it.
Rule 4: a window that closes nothing takes no time off: both sides are asked, and what they answer is evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from proxy.core.evidence.records import GuardState
from proxy.core.position.judged_times import JudgedTimes
from proxy.core.steps.closed_hours import ClosedHours, Hours, closing
from proxy.zones import offset

LATE = 5.0
"""Seconds: a report of each second, told to others in their next round, and the patience for a store."""
_CLOSED = "closed"
_NEVER = JudgedTimes()


def is_closed(hours: Hours, now: float) -> bool:
    """Whether a side with these is closed at this time, unix seconds."""
    return closing(hours, now, offset) is not None


def closed_at(routes: Mapping[str, ClosedHours], now: float) -> AbstractSet[str]:
    """Those of which a side is closed at this time, unix seconds; the same windows are looked up once."""
    known: dict[Hours, bool] = {(): False}
    found = set()
    for name, hours in routes.items():
        for each in (hours.legacy, hours.new):
            if each not in known:
                known[each] = is_closed(each, now)
        if known[hours.legacy] or known[hours.new]:
            found.add(name)
    return found


@dataclass(slots=True)
class ClosedTimes:
    """By route; `_since`: the last round of those that are closed."""

    _by_route: dict[str, JudgedTimes] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)

    def note(self, name: str, before: float, now: float, *, is_on: bool) -> None:
        """A route that is closed now, or was in the last round; `before`: when that was."""
        self._by_route[name] = self.of(name).plus([(self._since.get(name, before), now)])
        if is_on:
            self._since[name] = now
        else:
            self._since.pop(name, None)

    def of(self, name: str) -> JudgedTimes:
        """The stretches of one route, merged and bounded as those in which it was judged."""
        return self._by_route.get(name, _NEVER)

    @property
    def running(self) -> AbstractSet[str]:
        """Routes that were closed in the last round."""
        return self._since.keys()

    def is_told_of(self, name: str, now: float) -> bool:
        """Whether what is told of the route now may have come while a side was closed: rule 3."""
        last = self.of(name).stretches[-1:]
        return name in self._since or any(now - ended <= LATE for _, ended in last)

    def follow(self, names: Mapping[str, str]) -> None:
        """Routes are called so now; those that are not named are gone."""
        self._by_route = {names[name]: each for name, each in self._by_route.items() if name in names}
        self._since = {names[name]: each for name, each in self._since.items() if name in names}

    def states(self, now: float) -> Iterator[GuardState]:
        """A row of each route that was closed: its begins and ends, in turn."""
        for name, times in self._by_route.items():
            numbers = tuple(moment for stretch in times.stretches for moment in stretch)
            yield GuardState(route=name, bad=_CLOSED, numbers=numbers, updated=now)

    def recall(self, states: Iterable[GuardState]) -> None:
        """What was kept by another process; what this one has seen so far stays beside it."""
        for state in states:
            if state.bad == _CLOSED:
                kept = zip(state.numbers[::2], state.numbers[1::2], strict=False)
                self._by_route[state.route] = self.of(state.route).plus(kept)
