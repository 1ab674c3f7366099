"""What was compared at each step of one epoch, and who had answered the client.

Rule 1: bounds look at what came after the last power of two that is at most half of the comparisons, so the place where
        they begin to look does not depend on what was found (`core.judge.ramp`, rule 7).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from proxy.core.evidence import Tally
from proxy.core.judge.ramp import NONE_COUNTED, Counts
from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome
from proxy.core.parity.fold import REPEATED

MOST_STEPS = 50
"""Steps of an epoch that are known at once; the oldest go."""


_EVIDENCE = frozenset({Outcome.MATCH, Outcome.MISMATCH, Outcome.IGNORED})


@dataclass(slots=True)
class Trail:
    """Comparisons in the order of minutes. `marks` are the counts when a power of two was passed."""

    all: Counts = NONE_COUNTED
    marks: tuple[Counts, ...] = (NONE_COUNTED,)

    def add(self, compared: int, mismatched: int) -> None:
        """Those of one minute."""
        before, self.all = self.all, Counts(self.all.compared + compared, self.all.mismatched + mismatched)
        if self.all.compared.bit_length() > before.compared.bit_length():
            self.marks = (*self.marks, self.all)

    def lately(self) -> Counts:
        """See rule 1."""
        began = next(each for each in reversed(self.marks) if each.compared <= self.all.compared / 2)
        return Counts(self.all.compared - began.compared, self.all.mismatched - began.mismatched)

    def copy(self) -> Trail:
        """One that grows by itself."""
        return Trail(self.all, self.marks)


@dataclass(slots=True)
class StepCounts:
    """One step: all comparisons that are evidence, those that new answered itself, and what could not be compared."""

    all: Trail = field(default_factory=Trail)
    answered: Trail = field(default_factory=Trail)
    incomparable: int = 0

    def add(self, minute: Iterable[Tally]) -> None:
        """The tallies of one minute; of what is undecided nothing is known yet."""
        counts = dict.fromkeys(Side, (0, 0))
        for each in minute:
            if each.outcome is Outcome.INCOMPARABLE:
                self.incomparable += each.count
            elif each.outcome in _EVIDENCE and each.why != REPEATED:
                compared, against = counts[each.side]
                counts[each.side] = compared + each.count, against + each.count * (each.outcome is Outcome.MISMATCH)
        self.answered.add(*counts[Side.NEW])
        self.all.add(*map(sum, zip(*counts.values(), strict=True)))

    def copy(self) -> StepCounts:
        """One that grows by itself."""
        return StepCounts(self.all.copy(), self.answered.copy(), self.incomparable)


class Steps:
    """By step."""

    def __init__(self) -> None:
        """Begin empty."""
        self._steps: dict[int, StepCounts] = {}

    def add(self, tallies: Iterable[Tally]) -> None:
        """Minutes that have ended, the oldest first."""
        for step, listed in _by_step(tallies).items():
            _add(self._steps.setdefault(step, StepCounts()), listed)
        while len(self._steps) > MOST_STEPS:
            del self._steps[min(self._steps)]

    def at(self, step: int, tallies: Iterable[Tally]) -> StepCounts:
        """One step with these minutes, which may still grow."""
        found = self._steps.get(step, StepCounts()).copy()
        _add(found, [each for each in tallies if each.step == step])
        return found


def _by_step(tallies: Iterable[Tally]) -> dict[int, list[Tally]]:
    found: dict[int, list[Tally]] = {}
    for each in tallies:
        found.setdefault(each.step, []).append(each)
    return found


def _add(counts: StepCounts, tallies: Iterable[Tally]) -> None:
    for _, minute in groupby(tallies, key=attrgetter("minute")):
        counts.add(minute)
