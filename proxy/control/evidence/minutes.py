"""Tallies of one epoch by the minute, added up as minutes end.

Rule 1: minutes that may still grow are kept as they were read last; those before them are added up once.
Rule 2: the bound of the chance of an unseen shape looks at what came after the last power of two that is at most half
        of the requests, so the place where it begins to look does not depend on what it finds (`judge.coverage`).
Rule 3: what is undecided is judged again whenever somebody looks, by `verdicts` (`undecided`). It has been seen, so its
        shape is not unseen; it covers its shape once it is decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from proxy.control.evidence.steps import StepEvidence, Steps
from proxy.control.evidence.undecided import HOUR, MOST, Undecided, Verdicts, judged_again, unproved
from proxy.core.evidence.fold import REPEATED
from proxy.core.evidence.records import EvidenceTally
from proxy.core.judge.coverage import START, Mark, Unseen, is_mark, unseen_by
from proxy.core.noise.noise_groups import read
from proxy.core.parity.compare import Outcome
from proxy.core.parity.rules.reasons import Reasons, sorted_out

_NO_EVIDENCE = frozenset({Outcome.INCOMPARABLE, Outcome.UNDECIDED})
OPEN = 3
"""The latest minutes, in which replicas may still add."""
MOST_COURSE = 128
"""Minutes of which it is known how much evidence there was when they ended; of more, every second one goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Comparisons by outcome. `evidence` and `evidence_against` leave out repeated requests; the latter mismatched.

    `reasons` says of the incomparable ones why. What is undecided is neither.
    """

    match: int = 0
    mismatch: int = 0
    ignored: int = 0
    incomparable: int = 0
    undecided: int = 0
    evidence: int = 0
    evidence_against: int = 0
    reasons: Reasons = ()

    @property
    def compared(self) -> int:
        """Comparisons that came to something."""
        return self.match + self.mismatch + self.ignored

    def plus(self, tallies: Iterable[EvidenceTally]) -> Sums:
        """The sums with these tallies added."""
        by: Counter[Outcome] = Counter()
        evidence = against = 0
        reasons: list[tuple[str, int]] = []
        for tally in tallies:
            by[tally.outcome] += tally.count
            if tally.outcome is Outcome.INCOMPARABLE:
                reasons.append((tally.why, tally.count))
            if tally.outcome not in _NO_EVIDENCE and tally.why != REPEATED:
                evidence += tally.count
                against += tally.count * (tally.outcome is Outcome.MISMATCH)
        return Sums(
            match=self.match + by[Outcome.MATCH],
            mismatch=self.mismatch + by[Outcome.MISMATCH],
            ignored=self.ignored + by[Outcome.IGNORED],
            incomparable=self.incomparable + by[Outcome.INCOMPARABLE],
            undecided=self.undecided + by[Outcome.UNDECIDED],
            evidence=self.evidence + evidence,
            evidence_against=self.evidence_against + against,
            reasons=sorted_out((*self.reasons, *reasons)) if reasons else self.reasons,
        )


NO_SUMS = Sums()


@dataclass(slots=True)
class _Total:
    """Ended minutes."""

    sums: Sums
    judged: Sums
    shapes: Counter[str]
    marks: list[Mark]
    requests: int = 0


class Minutes:
    """One route's tallies in one epoch. `ended` is the first minute that is still open: read from there next."""

    def __init__(self, judged_from: int = 0, steps: Steps | None = None) -> None:
        """Begin empty; what was found before the minute `judged_from` is counted, and is no evidence."""
        self.ended = 0
        self._judged_from = judged_from
        self._total = _Total(Sums(), Sums(), Counter(), [START])
        self._open: tuple[EvidenceTally, ...] = ()
        self._undecided = Undecided()
        self._verdicts: Verdicts = {}
        self._waiting: tuple[EvidenceTally, ...] = ()
        self._again: tuple[EvidenceTally, ...] | None = None
        self._steps = steps or Steps()
        self._course: list[tuple[int, int]] = []

    def judge_again(self, verdicts: Verdicts) -> None:
        """What groups of keys come to from now on."""
        self._verdicts, self._again = verdicts, None
        self._steps.decide(self._judged_of(self._judged_again()))

    def follow(self, tallies: Iterable[EvidenceTally], most: int = MOST) -> None:
        """All tallies from `ended` on, oldest first, as they are now; `most` sums are kept of those undecided."""
        fresh = tuple(tally for tally in tallies if tally.minute >= self.ended)
        edge = max((tally.minute for tally in fresh), default=0) - OPEN
        ending = [tally for tally in fresh if tally.minute <= edge]
        judged = self._judged_of(ending)
        self._go_on(judged)
        _add(self._total, ending, self._judged_from)
        self._undecided.add(ending, self._judged_from)
        self._undecided.settle(edge + OPEN, self._judged_from, most)
        self.ended = max(self.ended, edge + 1) if ending else self.ended
        self._open = tuple(tally for tally in fresh if tally.minute > edge)
        opened = (each for each in self._open if each.outcome is Outcome.UNDECIDED)
        self._waiting, self._again = (*self._undecided.sums, *opened), None
        self._steps.follow(judged, self._judged_of(self._open))
        self._steps.decide(self._judged_of(self._judged_again()))

    @property
    def sums(self) -> Sums:
        """Everything."""
        decided = (each for each in self._open if each.outcome is not Outcome.UNDECIDED)
        return self._total.sums.plus(decided).plus(self._judged_again())

    @property
    def judged(self) -> Sums:
        """What is evidence for the judge."""
        return self.decided_at_once.plus(each for each in self._judged_again() if each.minute >= self._judged_from)

    @property
    def decided_at_once(self) -> Sums:
        """What is evidence for the judge, what was undecided left out."""
        decided = (each for each in self._judged_of(self._open) if each.outcome is not Outcome.UNDECIDED)
        return self._total.judged.plus(decided)

    def unproved(self, step: int) -> int:
        """How many of the mismatches that are evidence at a step nobody has proved to be more than noise."""
        return unproved((each for each in self._judged_undecided() if each.step == step), self._verdicts)

    def last_hour(self) -> tuple[Counter[str], int]:
        """Comparisons of the last hour that were undecided, by group, and all of them; evidence and repeated ones."""
        since = max((each.minute for each in self._open), default=0) - HOUR
        groups: Counter[str] = Counter()
        for each in self._judged_undecided():
            if each.minute > since:
                groups[read(each.why)[0]] += each.count
        opened = (each for each in self._open if each.minute >= self._judged_from)
        return groups, self._undecided.compared + sum(count for _, count in _compared(opened))

    def judge_from(self, minute: int) -> None:
        """Evidence begins anew with this minute, which has not ended."""
        self._judged_from = minute
        self._total.judged = Sums()
        self._undecided.forget_hour()
        self._steps, self._course = Steps(), []

    def anew(self) -> Minutes:
        """For the same epoch, to be read again from its beginning."""
        return Minutes(self._judged_from, self._steps.anew())

    def step(self, step: int) -> StepEvidence:
        """What is evidence for the judge at one step, what was undecided at it included."""
        return self._steps.at(step)

    def evidence_until(self, minute: int) -> int:
        """How much evidence there was when this minute ended; more, where that is not known to the minute."""
        known = next((count for ended, count in self._course if ended >= minute), None)
        if known is not None:
            return known
        later = (each for each in self._judged_of(self._open) if each.minute <= minute)
        return self._total.judged.plus(later).evidence

    def _go_on(self, tallies: Iterable[EvidenceTally]) -> None:
        sums = self._total.judged
        for minute, listed in groupby(tallies, key=attrgetter("minute")):
            sums = sums.plus(listed)
            self._course.append((minute, sums.evidence))
            if len(self._course) > MOST_COURSE:
                del self._course[1::2]

    def _judged_of(self, tallies: Iterable[EvidenceTally]) -> list[EvidenceTally]:
        return [tally for tally in tallies if tally.minute >= self._judged_from]

    @property
    def newest(self) -> int | None:
        """The latest minute in which something was compared."""
        return max((each.minute for each in self._open if each.outcome is not Outcome.INCOMPARABLE), default=None)

    def shapes(self) -> Counter[str]:
        """How often each shape was compared, with an outcome that is not undecided."""
        found = self._now().shapes
        for each in self._judged_again():
            if each.outcome is Outcome.UNDECIDED and each.shape in found:
                found[each.shape] = max(found[each.shape] - each.count, 0)
        return found

    def unseen(self) -> Unseen:
        """The chance that the next request has an unseen shape."""
        now = self._now()
        return unseen_by(now.shapes.values(), now.requests, now.marks)

    def _judged_again(self) -> tuple[EvidenceTally, ...]:
        """What was undecided, as it is now and so until something changes."""
        if self._again is None:
            self._again = tuple(judged_again(self._waiting, self._verdicts))
        return self._again

    def _judged_undecided(self) -> Iterator[EvidenceTally]:
        """What was undecided and is evidence, as it was written."""
        return (each for each in self._waiting if each.minute >= self._judged_from)

    def _now(self) -> _Total:
        past = self._total
        total = _Total(past.sums, past.judged, past.shapes.copy(), list(past.marks), past.requests)
        _add(total, self._open, self._judged_from)
        return total


def _add(total: _Total, tallies: Iterable[EvidenceTally], judged_from: int) -> None:
    listed = list(tallies)
    decided = [each for each in listed if each.outcome is not Outcome.UNDECIDED]
    total.sums = total.sums.plus(decided)
    total.judged = total.judged.plus(each for each in decided if each.minute >= judged_from)
    for _, minute in groupby(listed, key=attrgetter("minute")):
        before = total.requests
        for shape, count in _compared(minute):
            total.shapes[shape] += count
            total.requests += count
        if is_mark(before, total.requests):
            total.marks.append(Mark(total.requests, len(total.shapes)))


def _compared(tallies: Iterable[EvidenceTally]) -> Iterator[tuple[str, int]]:
    return ((tally.shape, tally.count) for tally in tallies if tally.outcome is not Outcome.INCOMPARABLE)
