"""The breaker by share: new fails much of what it is asked, for most cohorts, for ten seconds or more.

A row (breaker.py) is ended by one good answer, and the guard counts a cohort once a minute (dedupe.py): where cohorts
are few and busy, neither sees that half of all answers fail.

Rule 1: the newest answers of new are looked at: `ENOUGH` of them and at least `LEAST` seconds, of `LONGEST` at most.
Rule 2: each cohort counts by the share of its answers that failed, whatever its volume, and the one with most failures
        is left out: one cohort's own trouble moves nothing while others are well, nor does it with a stray failure or
        two of theirs. Where new answers everybody and one cohort is all that asks, that one counts, unless another was
        answered well within `LONGEST`.
Rule 3: answers whose cohort was not told count together, by their volume: they come from workers on which nothing
        fails, or of more cohorts than are told.
Rule 4: both the share of all answers and that of the cohorts reach the limit: a quarter, three times the usual share,
        and three times the share that legacy fails meanwhile. Trouble that hits both is no reason.
Rule 5: seconds are kept from the first failure on; when none of them has a failure, they are forgotten.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter

ENOUGH = 100
LEAST, LONGEST = 10, 300
"""Seconds."""
FEWEST = 3
"""Failures of other cohorts than the one with most."""
LIMIT, TIMES = 0.25, 3.0
UNKNOWN, WEIGHT = 0.13, 1000.0
"""What the usual share is taken for before anything was seen, and how many answers that weighs."""
_FEWEST_OF_LEGACY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """New fails `failed` of `asked` answers of the last `seconds`; `hit` of `cohorts` that were told have failures."""

    asked: int
    failed: int
    seconds: int
    hit: int
    cohorts: int

    @property
    def sentence(self) -> str:
        """What new failed, in a sentence for people."""
        share = f"{self.failed / self.asked:.0%}"
        return (
            f"new failed {self.failed} of {self.asked} answers ({share}) within {self.seconds} s, "
            f"for {self.hit} of {self.cohorts} cohorts"
        )


@dataclass(slots=True)
class Second:
    """What was asked in one second and failed; `cohorts` by hash: good and failed answers of new."""

    at: int
    asked: int = 0
    failed: int = 0
    legacy: int = 0
    legacy_failed: int = 0
    cohorts: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(slots=True)
class AnswerWindow:
    """The newest answers on a route on which new fails: no more of them than rule 1 wants.

    `well`: the two cohorts that were answered well last, and at which second.
    """

    seconds: deque[Second] = field(default_factory=deque)
    well: dict[int, int] = field(default_factory=dict)

    def add(self, second: Second, cohorts: Iterable[tuple[int, int, int]] = ()) -> None:
        """What was told at that second: more of the last one, or a new one. `cohorts`: hash, good, failed."""
        if self.seconds and self.seconds[-1].at >= second.at:
            last = self.seconds[-1]
            last.asked, last.failed = last.asked + second.asked, last.failed + second.failed
            last.legacy, last.legacy_failed = last.legacy + second.legacy, last.legacy_failed + second.legacy_failed
        else:
            self.seconds.append(second)
        told = tuple(cohorts)
        _count(self.seconds[-1].cohorts, told)
        self._remember(second.at, (cohort for cohort, good, _ in told if good))
        self._let_go()
        if not self.failed:
            self.seconds.clear()
            self.well.clear()

    def _remember(self, at: int, cohorts: Iterable[int]) -> None:
        for cohort in cohorts:
            self.well.pop(cohort, None)
            self.well[cohort] = at
        for oldest in tuple(self.well)[:-2]:
            del self.well[oldest]

    def _let_go(self) -> None:
        """What is too old, or not needed for rule 1."""
        seconds, asked = self.seconds, self.asked
        while seconds[0].at <= seconds[-1].at - LONGEST or (
            len(seconds) > 1 and asked - seconds[0].asked >= ENOUGH and seconds[-1].at - seconds[1].at >= LEAST - 1
        ):
            asked -= seconds.popleft().asked

    def has_well(self, cohort: int) -> bool:
        """Whether any cohort but this one was answered well lately."""
        since = self.seconds[-1].at - LONGEST if self.seconds else 0
        return any(at > since for other, at in self.well.items() if other != cohort)

    @property
    def asked(self) -> int:
        """Answers of new in the window."""
        return sum(second.asked for second in self.seconds)

    @property
    def failed(self) -> int:
        """Answers of new in the window that failed."""
        return sum(second.failed for second in self.seconds)

    def failing(self, usual: float, *, alone: bool) -> Failing | None:
        """Rules 1 to 4; `usual` is the share that fails as a rule, `alone`: new answers everybody."""
        asked, failed = self.asked, self.failed
        lasted = self.seconds[-1].at - self.seconds[0].at + 1 if self.seconds else 0
        limit = max(LIMIT, TIMES * usual, TIMES * _share_of_legacy(self.seconds))
        if asked < ENOUGH or lasted < LEAST or failed < limit * asked:
            return None
        cohorts: dict[int, tuple[int, int]] = {}
        for second in self.seconds:
            _count(cohorts, ((cohort, *counts) for cohort, counts in second.cohorts.items()))
        is_sole = alone and len(cohorts) == 1 and not self.has_well(next(iter(cohorts)))
        if _by_cohorts(cohorts, asked, failed, is_sole=is_sole) < limit:
            return None
        hit = sum(bool(failed) for _, failed in cohorts.values())
        return Failing(asked=asked, failed=failed, seconds=lasted, hit=hit, cohorts=len(cohorts))


def usual(answers: int, failed: int) -> float:
    """The share that fails as a rule, drawn towards what is taken for it where little was seen."""
    return (failed + UNKNOWN * WEIGHT) / (answers + WEIGHT)


def _count(counts: dict[int, tuple[int, int]], more: Iterable[tuple[int, int, int]]) -> None:
    for cohort, good, failed in more:
        old_good, old_failed = counts.get(cohort, (0, 0))
        counts[cohort] = old_good + good, old_failed + failed


def _share_of_legacy(seconds: Iterable[Second]) -> float:
    """What legacy failed of what it was asked meanwhile; too few answers say nothing."""
    counts = [(second.legacy, second.legacy_failed) for second in seconds]
    asked = sum(asked for asked, _ in counts)
    return sum(failed for _, failed in counts) / asked if asked >= _FEWEST_OF_LEGACY else 0.0


def _by_cohorts(cohorts: dict[int, tuple[int, int]], asked: int, failed: int, *, is_sole: bool) -> float:
    """Rules 2 and 3."""
    told = sum(map(sum, cohorts.values()))
    others = max(asked - told, 0)
    failed_others = min(max(failed - sum(failed for _, failed in cohorts.values()), 0), others)
    counts = sorted(cohorts.values(), key=itemgetter(1))
    if not is_sole or others:
        del counts[-1:]
        if failed_others + sum(failed for _, failed in counts) < FEWEST:
            return 0.0
    of_told = sum(map(_share_of, counts)) / len(counts) if counts else 0.0
    return (of_told * told + failed_others) / (told + others)


def _share_of(counts: tuple[int, int]) -> float:
    good, failed = counts
    return failed / (good + failed)
