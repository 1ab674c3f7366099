"""When routes were judged, by whichever replica: what lies between is no time at a step, as nobody saw what happened.

Rule 1: of each process the time from its first round to its last counts as one stretch; stretches of several add up.
Rule 2: what lies between two that are no more than `APART` apart counts as judged: a kept end is a few seconds old.
Rule 3: before the first known stretch nothing is known, and all of it counts. The oldest are forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

APART = 10.0
"""Seconds: as long as who judges keeps no end, and the next one waits for the lead, together."""
MOST = 64


@dataclass(frozen=True, slots=True)
class JudgedTimes:
    """`stretches` begin and end in unix seconds, oldest first, and do not meet."""

    stretches: tuple[tuple[float, float], ...] = ()

    def plus(self, others: Iterable[tuple[float, float]]) -> JudgedTimes:
        """With these stretches, of whoever judged then."""
        found: list[tuple[float, float]] = []
        for begun, ended in sorted((*self.stretches, *others)):
            if found and begun - found[-1][1] <= APART:
                found[-1] = (found[-1][0], max(found[-1][1], ended))
            else:
                found.append((begun, ended))
        return JudgedTimes(tuple(found[-MOST:]))

    @property
    def gaps(self) -> tuple[tuple[float, float], ...]:
        """When nobody judged, oldest first."""
        ends, begins = (ended for _, ended in self.stretches), (begun for begun, _ in self.stretches[1:])
        return tuple(zip(ends, begins, strict=False))


def seconds_in(gaps: Iterable[tuple[float, float]], moment: float) -> float:
    """How many seconds of these lie after that moment."""
    return sum(max(ended - max(begun, moment), 0.0) for begun, ended in gaps)
