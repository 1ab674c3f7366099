"""What was compared at each step of one epoch, and who had answered the client.

Rule 1: bounds look at what came after the last power of two that is at most half of the comparisons, so the place where
        they begin to look does not depend on what was found (`core.judge.ramp`, rule 7).
Rule 2: where a power of two was passed is known to the second by whoever watched, and to the minute after a restart:
        then a bound looks further back.
Rule 3: what had to wait counts at its step once it is decided, as if it came last. That is noted like anything else: it
        is out of sight after as many that came later, and thins out nothing that did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from proxy.core.evidence.fold import REPEATED
from proxy.core.evidence.records import EvidenceTally
from proxy.core.judge.ramp import NONE_COUNTED, ComparedCounts
from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome

MOST_STEPS = 50
"""Steps of an epoch that are known at once; the oldest go."""
_EVIDENCE = frozenset({Outcome.MATCH, Outcome.MISMATCH, Outcome.IGNORED})


class StepCounts(NamedTuple):
    """All comparisons of a step, and those of them that new answered itself."""

    all: ComparedCounts = NONE_COUNTED
    answered: ComparedCounts = NONE_COUNTED

    def plus(self, tallies: Iterable[EvidenceTally]) -> StepCounts:
        """These and more."""
        all_, answered = self
        for each in tallies:
            more = _counts(each)
            all_ = _sum(all_, more)
            if each.side is Side.NEW:
                answered = _sum(answered, more)
        return StepCounts(all_, answered)


NO_STEP = StepCounts()


def _counts(tally: EvidenceTally) -> ComparedCounts:
    """Of what is undecided nothing is known yet, and a request that was asked too often is no evidence."""
    if tally.outcome is Outcome.INCOMPARABLE:
        return ComparedCounts(0, 0, tally.count)
    if tally.outcome not in _EVIDENCE or tally.why == REPEATED:
        return NONE_COUNTED
    return ComparedCounts(tally.count, tally.count * (tally.outcome is Outcome.MISMATCH))


@dataclass(slots=True)
class Marks:
    """The counts when a power of two of comparisons was passed, one after another."""

    passed: list[ComparedCounts] = field(default_factory=lambda: [NONE_COUNTED])

    def note(self, now: ComparedCounts) -> None:
        """So many there are now."""
        if now.compared.bit_length() > self.passed[-1].compared.bit_length():
            self.passed.append(now)

    def since(self, now: ComparedCounts) -> ComparedCounts:
        """See rule 1."""
        began = next(each for each in reversed(self.passed) if each.compared <= now.compared / 2)
        return ComparedCounts(*(max(end - start, 0) for end, start in zip(now, began, strict=True)))


@dataclass(slots=True)
class Step:
    """One step: minutes that have ended, those that may grow beside them, all that is known, and the powers of two."""

    ended: StepCounts = NO_STEP
    read: StepCounts = NO_STEP
    now: StepCounts = NO_STEP
    marks: Marks = field(default_factory=Marks)
    answered_marks: Marks = field(default_factory=Marks)

    def lately(self) -> ComparedCounts:
        """What the bounds look at."""
        return self.marks.since(self.now.all)

    def answered_lately(self) -> ComparedCounts:
        """The same of what new answered itself."""
        return self.answered_marks.since(self.now.answered)

    def note(self, now: StepCounts) -> None:
        """So much there is now."""
        self.now = now
        self.marks.note(now.all)
        self.answered_marks.note(now.answered)


class Steps:
    """By step."""

    def __init__(self, known: Mapping[int, Step] | None = None) -> None:
        """Begin with these, or empty."""
        self._steps: dict[int, Step] = dict(known or {})

    def anew(self) -> Steps:
        """For the same epoch, read again from its beginning: where the powers of two were passed is known."""
        known = self._steps.items()
        return Steps({name: Step(marks=each.marks, answered_marks=each.answered_marks) for name, each in known})

    def follow(self, ended: Iterable[EvidenceTally], opened: Iterable[EvidenceTally]) -> None:
        """Minutes that have ended since, and those that may still grow, each the oldest first."""
        for name, minutes in _by_step(ended):
            step = self._steps.setdefault(name, Step())
            for minute in minutes:
                step.ended = step.ended.plus(minute)
                step.note(step.ended)
        for step in self._steps.values():
            step.read = step.ended
        for name, minutes in _by_step(opened):
            step = self._steps.setdefault(name, Step())
            for minute in minutes:
                step.read = step.read.plus(minute)
                step.note(step.read)

    def decide(self, tallies: Iterable[EvidenceTally]) -> None:
        """What had to wait, with the outcomes that it has now."""
        decided: dict[int, list[EvidenceTally]] = {}
        for each in tallies:
            decided.setdefault(each.step, []).append(each)
        for name in decided.keys() - self._steps.keys():
            self._steps[name] = Step()
        for name, step in self._steps.items():
            step.note(step.read.plus(decided.get(name, ())))
        while len(self._steps) > MOST_STEPS:
            del self._steps[min(self._steps)]

    def at(self, step: int) -> Step:
        """One of them as it is now."""
        return replace(self._steps.get(step) or Step())


def _by_step(tallies: Iterable[EvidenceTally]) -> Iterator[tuple[int, Iterator[list[EvidenceTally]]]]:
    found: dict[int, list[EvidenceTally]] = {}
    for each in tallies:
        found.setdefault(each.step, []).append(each)
    for step, listed in found.items():
        yield step, (list(minute) for _, minute in groupby(listed, key=attrgetter("minute")))


def _sum(one: ComparedCounts, other: ComparedCounts) -> ComparedCounts:
    return ComparedCounts(*map(sum, zip(one, other, strict=True)))
