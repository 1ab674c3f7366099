"""At most one bad event (slow answers apart) per cohort and minute, and the share of them that some cohorts always had.

Cohorts are sticky: one tenant's requests share their fate, and a tenant that fails fails often. Counted per request, a
split is then judged by which tenants it happened to draw. Two corrections make the guard's null hold:

Rule 1: a cohort counts once per minute and class of event, whichever side answered: cohorts that have just moved would
        otherwise all count anew, on new's account. The minute begins with the event that counts: one cut by the clock
        would count a burst that runs over its edge twice.
Rule 2: the share of new under the null is the share of such events that the same cohorts had before they moved.
Rule 3: the baseline is gathered while legacy answers everything, and stays as it is from the first step on: later its
        cohorts would be missing from it.
Rule 4: memory is bounded. Two minutes are remembered, by the judge's own clock; what does not fit is not counted as
        evidence, but reported. A clock set back by more than an hour begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from proxy.core.judge.guard import Bad, BadEvent

MOST_REMEMBERED = 20_000
_MINUTE = 60.0
_SET_BACK = 3_600.0
_SLOTS = 10_000
_ENOUGH = 50
_PRIOR = 20.0

Key = tuple[int, Bad]


class Dedupe:
    """Remembers which cohorts have counted within the last minute, on one route."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        """At most `most` pairs of cohort and class are remembered."""
        self._most = most
        self._newest = 0.0
        self._swept = 0.0
        self._counted: dict[Key, float] = {}

    def counts(self, event: BadEvent) -> bool:
        """Whether no event of this cohort and class has counted within the minute around it."""
        if event.at < self._newest - _SET_BACK:
            self._newest, self._swept, self._counted = 0.0, 0.0, {}
        self._newest = max(self._newest, event.at)
        if self._newest - self._swept >= _MINUTE:
            self._sweep()
        key = (event.cohort, event.bad)
        last = self._counted.get(key)
        if last is not None and event.at - last < _MINUTE:
            return False
        if event.at <= self._newest - 2 * _MINUTE or (last is None and len(self._counted) >= self._most):
            return False
        self._counted[key] = event.at
        return True

    def _sweep(self) -> None:
        """Forget what is two minutes old: what arrives late from another replica is not older."""
        self._swept = self._newest
        self._counted = {key: at for key, at in self._counted.items() if at > self._newest - 2 * _MINUTE}


@dataclass(slots=True)
class Baseline:
    """Bad events of one class by the draw of their cohort, from before the move.

    A split has two decimals, so 10,000 slots say exactly which events were of cohorts that a split moves to new.
    """

    slots: dict[int, int] = field(default_factory=dict)
    total: int = 0

    @classmethod
    def of(cls, counts: Iterable[tuple[int, int]]) -> Baseline:
        """The baseline that was stored as `counts`; several of them, of several replicas, add up."""
        made = cls()
        for slot, count in counts:
            made.slots[slot] = made.slots.get(slot, 0) + count
            made.total += count
        return made

    @property
    def counts(self) -> tuple[tuple[int, int], ...]:
        """What is to be stored: (slot, count), at most 10,000 of them."""
        return tuple(sorted(self.slots.items()))

    def add(self, draw: float, count: int = 1) -> None:
        """Count events (once per cohort and minute) of a cohort with this draw."""
        slot = int(draw * _SLOTS)
        self.slots[slot] = self.slots.get(slot, 0) + count
        self.total += count

    def share(self, split: float) -> float:
        """The share of bad events that the cohorts below `split` had.

        Drawn towards the split where little was seen, and with less than 50 events never below it.
        """
        limit = round(split * _SLOTS)
        below = sum(count for slot, count in self.slots.items() if slot < limit)
        share = (below + _PRIOR * split) / (self.total + _PRIOR)
        return share if self.total >= _ENOUGH else max(share, split)
