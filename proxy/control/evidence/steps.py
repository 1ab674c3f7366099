"""What was compared at each step of one epoch, and who had answered the client.

Rule 1: bounds look at what came after the last power of two that is at most half of the comparisons, so the place where
        they begin to look does not depend on what was found (`core.judge.ramp`, rule 7).
Rule 2: where a power of two was passed is known to the second by whoever watched, and to the minute after a restart:
        then a bound looks further back.
Rule 3: the share that could not be compared is of all pairs (`core.parity.rules.pair_counts`). It looks back to a power
        of two of those, or only over the time that a step takes at least, where `FEWEST_PAIRS` came in it: what a
        restart of new cost is out of sight after that time, however much had been compared before. That is known of the
        latest step, to a part of its time.
Rule 4: what had to wait counts at its step once it is decided, as if it came last. That is noted like anything else: it
        is out of sight after as many that came later, and thins out nothing that did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from math import ceil
from operator import attrgetter
from typing import NamedTuple

from proxy.core.evidence.fold import REPEATED
from proxy.core.evidence.records import EvidenceTally
from proxy.core.judge.ramp import NONE_COUNTED, ComparedCounts
from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome
from proxy.core.parity.rules.pair_counts import LEGACYS_OWN, NO_PAIRS, PairCounts

MOST_STEPS = 50
"""Steps of an epoch that are known at once; the oldest go."""
FEWEST_PAIRS = 1000
"""Fewer say too little about a share of 1 %."""
MOST_COURSE = 64
"""Minutes of which it is known how many pairs there were when they ended; of more, every second one goes."""
_EVIDENCE = frozenset({Outcome.MATCH, Outcome.MISMATCH, Outcome.IGNORED})


class StepCounts(NamedTuple):
    """All comparisons of a step and those of them that new answered itself, then the pairs of which they are."""

    all: ComparedCounts = NONE_COUNTED
    answered: ComparedCounts = NONE_COUNTED
    pairs: PairCounts = NO_PAIRS
    answered_pairs: PairCounts = NO_PAIRS

    def plus(self, tallies: Iterable[EvidenceTally]) -> StepCounts:
        """These and more."""
        listed = list(tallies)
        pairs, answered = self.pairs, self.answered_pairs
        for tally in listed:
            pairs = pairs.plus(_pairs(tally))
            if tally.side is Side.NEW:
                answered = answered.plus(_pairs(tally))
        return self.decided(listed)._replace(pairs=pairs, answered_pairs=answered)

    def decided(self, tallies: Iterable[EvidenceTally]) -> StepCounts:
        """These, and the outcomes of pairs that are among them already."""
        all_, answered = self.all, self.answered
        for tally in tallies:
            more = _counts(tally)
            all_ = _sum(all_, more)
            if tally.side is Side.NEW:
                answered = _sum(answered, more)
        return self._replace(all=all_, answered=answered)


NO_STEP = StepCounts()


def _counts(tally: EvidenceTally) -> ComparedCounts:
    """Of what is undecided nothing is known yet, and a request that was asked too often is no evidence."""
    if tally.outcome not in _EVIDENCE or tally.why == REPEATED:
        return NONE_COUNTED
    return ComparedCounts(tally.count, tally.count * (tally.outcome is Outcome.MISMATCH))


def _pairs(tally: EvidenceTally) -> PairCounts:
    """Repeated requests as well: those that cannot be compared are counted each time."""
    if tally.outcome is not Outcome.INCOMPARABLE:
        return PairCounts(tally.count, repeated=tally.count * (tally.why == REPEATED))
    return NO_PAIRS if tally.why == LEGACYS_OWN else PairCounts(tally.count, ((tally.why, tally.count),))


@dataclass(slots=True)
class SightMarks:
    """The counts when a power of two of comparisons was passed, one after another."""

    passed: list[ComparedCounts] = field(default_factory=lambda: [NONE_COUNTED])

    def note(self, now: ComparedCounts) -> None:
        """So many there are now."""
        if now.compared.bit_length() > self.passed[-1].compared.bit_length():
            self.passed.append(now)

    def since(self, now: ComparedCounts) -> ComparedCounts:
        """The counts that bounds look at: those after the last mark that is at most half of `now` (rule 1)."""
        began = next(each for each in reversed(self.passed) if each.compared <= now.compared / 2)
        return ComparedCounts(*(max(end - start, 0) for end, start in zip(now, began, strict=True)))


@dataclass(slots=True)
class PairMarks:
    """Rule 3: the pairs when a power of two of them was passed, and when minutes ended (unix minutes)."""

    passed: list[PairCounts] = field(default_factory=lambda: [NO_PAIRS])
    course: list[tuple[int, PairCounts]] = field(default_factory=list)

    def note(self, now: PairCounts) -> None:
        """So many there are now."""
        if now.pairs.bit_length() > self.passed[-1].pairs.bit_length():
            self.passed.append(now)

    def end(self, minute: int, then: PairCounts) -> None:
        """This minute has ended with so many."""
        self.course.append((minute, then))
        if len(self.course) > MOST_COURSE:
            del self.course[1::2]

    def since(self, now: PairCounts, minute: int) -> PairCounts:
        """The pairs of which the share is taken; `minute`: what came after its end is enough, if it is many."""
        began = next(each for each in reversed(self.passed) if each.pairs <= now.pairs / 2)
        ended = (then for at, then in reversed(self.course) if at <= minute and now.pairs - then.pairs >= FEWEST_PAIRS)
        return now.since(max(began, next(ended, NO_PAIRS), key=attrgetter("pairs")))


@dataclass(slots=True)
class StepEvidence:
    """One step: minutes that have ended, those that may grow beside them, all that is known, and the powers of two."""

    ended: StepCounts = NO_STEP
    read: StepCounts = NO_STEP
    now: StepCounts = NO_STEP
    marks: SightMarks = field(default_factory=SightMarks)
    answered_marks: SightMarks = field(default_factory=SightMarks)
    pair_marks: PairMarks = field(default_factory=PairMarks)
    answered_pair_marks: PairMarks = field(default_factory=PairMarks)
    newest: int = 0

    def lately(self) -> ComparedCounts:
        """What the bounds look at."""
        return self.marks.since(self.now.all)

    def answered_lately(self) -> ComparedCounts:
        """The same of what new answered itself."""
        return self.answered_marks.since(self.now.answered)

    def pairs_lately(self, least: float) -> PairCounts:
        """The pairs of which the share is taken that could not be compared, at a step of `least` seconds (rule 3)."""
        return self.pair_marks.since(self.now.pairs, self.newest - ceil(least / 60.0))

    def answered_pairs_lately(self) -> PairCounts:
        """The same of what new answered itself, back to a power of two."""
        return self.answered_pair_marks.since(self.now.answered_pairs, self.newest)

    def anew(self) -> StepEvidence:
        """Nothing but where the powers of two were passed."""
        return StepEvidence(
            marks=self.marks,
            answered_marks=self.answered_marks,
            pair_marks=PairMarks(self.pair_marks.passed),
            answered_pair_marks=PairMarks(self.answered_pair_marks.passed),
        )

    def note(self, now: StepCounts) -> None:
        """So much there is now."""
        self.now = now
        self.marks.note(now.all)
        self.answered_marks.note(now.answered)
        self.pair_marks.note(now.pairs)
        self.answered_pair_marks.note(now.answered_pairs)


class Steps:
    """By step."""

    def __init__(self, known: Mapping[int, StepEvidence] | None = None) -> None:
        """Begin with these, or empty."""
        self._steps: dict[int, StepEvidence] = dict(known or {})

    def anew(self) -> Steps:
        """For the same epoch, read again from its beginning: where the powers of two were passed is known."""
        known = self._steps.items()
        return Steps({name: each.anew() for name, each in known})

    def follow(self, ended: Iterable[EvidenceTally], opened: Iterable[EvidenceTally]) -> None:
        """Minutes that have ended since, and those that may still grow, each the oldest first."""
        for name, minutes in _by_step(ended):
            step = self._steps.setdefault(name, StepEvidence())
            for minute in minutes:
                step.ended = step.ended.plus(minute)
                step.note(step.ended)
                step.newest = minute[0].minute
                step.pair_marks.end(step.newest, step.ended.pairs)
        for step in self._steps.values():
            step.read = step.ended
        for name, minutes in _by_step(opened):
            step = self._steps.setdefault(name, StepEvidence())
            for minute in minutes:
                step.read = step.read.plus(minute)
                step.note(step.read)
                step.newest = minute[0].minute
        for name in self._steps.keys() - {max(self._steps, default=0)}:
            self._steps[name].pair_marks.course.clear()

    def decide(self, tallies: Iterable[EvidenceTally]) -> None:
        """What had to wait, with the outcomes that it has now."""
        decided: dict[int, list[EvidenceTally]] = {}
        for tally in tallies:
            decided.setdefault(tally.step, []).append(tally)
        for name in decided.keys() - self._steps.keys():
            self._steps[name] = StepEvidence()
        for name, step in self._steps.items():
            step.note(step.read.decided(decided.get(name, ())))
        while len(self._steps) > MOST_STEPS:
            del self._steps[min(self._steps)]

    def at(self, step: int) -> StepEvidence:
        """One of them as it is now."""
        return replace(self._steps.get(step) or StepEvidence())


def _by_step(tallies: Iterable[EvidenceTally]) -> Iterator[tuple[int, Iterator[list[EvidenceTally]]]]:
    found: dict[int, list[EvidenceTally]] = {}
    for tally in tallies:
        found.setdefault(tally.step, []).append(tally)
    for step, listed in found.items():
        yield step, (list(minute) for _, minute in groupby(listed, key=attrgetter("minute")))


def _sum(one: ComparedCounts, other: ComparedCounts) -> ComparedCounts:
    return ComparedCounts(*map(sum, zip(one, other, strict=True)))
