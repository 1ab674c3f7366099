"""At most one bad event per cohort and minute, and the share of them that some cohorts always had.

Cohorts are sticky: one tenant's requests share their fate, and a tenant that fails fails often. Counted per request, a
split is then judged by which tenants it happened to draw. Two corrections make the guard's null hold:

Rule 1: a cohort counts once per minute, side and class of event.
Rule 2: the share of new under the null is the share of such events that the same cohorts had before they moved.
Rule 3: the baseline is gathered while legacy answers everything, and stays as it is from the first step on: later its
        cohorts would be missing from it.
Rule 4: memory is bounded. The newest two minutes are remembered, by the judge's own clock; what does not fit is not
        counted as evidence, but reported. A clock set back by an hour or more begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from proxy.core.judge.guard import Bad, BadEvent
from proxy.core.outcome import Side

MOST_PER_MINUTE = 10_000
_MINUTE = 60.0
_SET_BACK = 60
_SLOTS = 10_000
_ENOUGH = 50
_PRIOR = 20.0

Key = tuple[int, Bad, Side]


class Dedupe:
    """Remembers which cohorts have counted in this minute and the one before, on one route."""

    def __init__(self, most: int = MOST_PER_MINUTE) -> None:
        """`most` bounds the cohorts remembered per minute; `passed_over` counts events that found no place."""
        self.passed_over = 0
        self._most = most
        self._minute = -1
        self._seen: dict[int, set[Key]] = {}

    def counts(self, event: BadEvent) -> bool:
        """Whether this event is the first of its cohort, side and class in its minute."""
        minute = int(event.at // _MINUTE)
        if minute > self._minute or minute <= self._minute - _SET_BACK:
            self._turn(minute)
        seen = self._seen.get(minute)
        key = (event.cohort, event.bad, event.side)
        if seen is None or (len(seen) >= self._most and key not in seen):
            self.passed_over += 1
            return False
        if key in seen:
            return False
        seen.add(key)
        return True

    def _turn(self, minute: int) -> None:
        """Begin a minute; the one before stays for what arrives late from another replica."""
        self._minute = minute
        self._seen = {minute: set(), minute - 1: self._seen.get(minute - 1, set())}


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
