"""What the judge knows of one route beside its comparisons: the guard's processes, the breaker, baselines and counts.

Rule 1: every replica folds what all of them tell, so that whoever leads next knows what the last one knew.
Rule 2: baselines grow only while legacy answers everybody and nothing was moved yet; later they would lack the cohorts
        that moved.
Rule 3: `resume`, an edit and the end of a window in which nothing counts begin the guard anew. So does a step back to
        where new still answers somebody: what led to it is answered by it, and a new alarm is about what is told
        after it. A step forward, a hold and a rollback to legacy answer no alarm.
Rule 4: slow answers are many and come together: all of one fold weigh as one (guard.py, rule 6). That is their
        deduplication; once a minute every cohort has a slow answer, on a good side and on a bad one.
Rule 5: what counts for a step (answers, what new carried) goes on where a hold leaves the route in its place.
Rule 6: within one batch nobody knows in which order answers and failures came: one good answer of new ends a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from proxy.control.changes import Changes
from proxy.control.feed import Answered
from proxy.core.judge import breaker as fast
from proxy.core.judge.breaker import Breaker
from proxy.core.judge.capacity import NOTHING_CARRIED, Capacity, Load
from proxy.core.judge.dedupe import Baseline, Dedupe
from proxy.core.judge.guard import Bad, BadEvent, Process, cleared, observe, observe_alone, threshold
from proxy.core.judge.ladder import Place, is_above
from proxy.core.judge.policy import GUARDED
from proxy.core.judge.position import Cause, Position
from proxy.core.outcome import Side
from proxy.core.stage import Stage

_HARD = (Bad.ERROR, Bad.TIMEOUT)
_HOUR, _DAY = 3600.0, 86_400.0
_UNKNOWN_RATE, _WEIGHT = 0.01, 1000.0
"""What legacy's share of bad answers is taken for before it was seen, and how many answers that weighs."""
_ALONE = (Stage.LIVE, Stage.COMPLETE)
_ANEW = (Cause.RESUME, Cause.FILE)


@dataclass(slots=True)
class Rates:
    """What legacy did while it answered: answers, bad ones that counted by class, since when (unix seconds)."""

    answers: int = 0
    bad: dict[Bad, int] = field(default_factory=dict)
    since: float = 0.0

    def share(self, bad: Bad) -> float:
        """The share of legacy's answers that were bad in this way."""
        return (self.bad.get(bad, 0) + _UNKNOWN_RATE * _WEIGHT) / (self.answers + _WEIGHT)

    def per_day(self, bad: Bad, now: float) -> float:
        """How many of them there are in a day."""
        return self.bad.get(bad, 0) / max(now - self.since, _HOUR) * _DAY


class Step(NamedTuple):
    """Where a route stands, and since when (unix seconds, whole ones: stores round)."""

    stage: Stage
    split: float
    since: int

    @classmethod
    def of(cls, position: Position) -> Step:
        """That of a position."""
        return cls(position.stage, position.split, round(position.since))


NO_STEP = Step(Stage.LEGACY, 0.0, 0)


@dataclass(slots=True)
class Docket:
    """One route's. `answers` are those of new at this step, `asked` those of both sides.

    `version`, `step`, `place` and `latched` are those of the position that was followed last.
    """

    rates: Rates = field(default_factory=Rates)
    dedupe: Dedupe = field(default_factory=Dedupe)
    processes: dict[Bad, Process] = field(default_factory=dict)
    baselines: dict[Bad, Baseline] = field(default_factory=dict)
    breaker: Breaker = field(default_factory=Breaker)
    version: int = -1
    step: Step = NO_STEP
    place: Place | None = None
    latched: bool = False
    answers: int = 0
    asked: int = 0
    capacity: Capacity = NOTHING_CARRIED
    changes: Changes = field(default_factory=Changes)

    def follow(self, position: Position) -> None:
        """The route stands here now."""
        self.changes.follow(position.step)
        if position.version == self.version:
            return
        if self._is_answered_by(position):
            self.clear()
        self.place, self.latched = position.place, position.latched
        self.version = position.version
        if self.step != (step := Step.of(position)):
            self.step, self.answers, self.asked, self.capacity = step, 0, 0, self.capacity.step()
        if position.latched:
            self.capacity = NOTHING_CARRIED

    @property
    def is_alarmed(self) -> bool:
        """Whether the guard or the breaker has raised an alarm that nobody has cleared."""
        if self.breaker.opened_at is not None:
            return True
        return bool(self.processes) and any(each.alarmed_at is not None for each in self.processes.values())

    def _is_answered_by(self, position: Position) -> bool:
        """Whether what led here ends what was known; hold after resume, which may come within one round, does too."""
        if self.place is None:
            began = position.stage in GUARDED if position.latched else position.cause in _ANEW
            return began and self._alarmed_before(position)
        if not position.latched:
            return self.latched or position.cause in _ANEW
        return position.stage in GUARDED and is_above(self.place, position.place)

    def _alarmed_before(self, position: Position) -> bool:
        """Whether an alarm that was kept is older than what ended it; a file that is read at a start ends none."""
        alarms = (self.breaker.opened_at, *(each.alarmed_at for each in self.processes.values()))
        return position.version > 0 and any(each is not None and each <= position.since for each in alarms)

    def clear(self) -> None:
        """Begin the guard, the breaker and the detectors of change anew."""
        self.changes.clear()
        self.processes = {bad: cleared(each) for bad, each in self.processes.items()}
        self.breaker = Breaker()

    @property
    def is_open(self) -> bool:
        """Whether something is under way that even a quiet second may change or that others must see."""
        return bool(self.breaker.row) or self.is_alarmed

    def count(self, answered: Answered, now: float) -> None:
        """Answers without anything bad among them, while legacy answers some of the requests."""
        self._begin(now)
        self.answers += answered.new
        self.asked += answered.new + answered.legacy
        self.rates.answers += answered.legacy

    def fold(self, position: Position, seen: Seen) -> None:
        """What happened since the last fold, while the route stood at `position`."""
        self._begin(seen.now)
        if seen.hard or self.breaker.row:
            self._fold_breaker(seen)
        counted = [each for each in seen.events if each.bad is Bad.LATENCY or self.dedupe.counts(each)]
        slow = sum(each.bad is Bad.LATENCY for each in counted)
        for event in counted:
            self._observe(position, event, seen, weight=1 / slow if event.bad is Bad.LATENCY else 1.0)
        self._pass(position, counted, seen)
        self.count(seen.answered, seen.now)

    def carry(self, answered: Answered, epoch: int, now: float) -> None:
        """What new carried of a route that climbs, in this epoch of its evidence."""
        load = Load(
            new=answered.new,
            legacy=answered.legacy,
            sent=answered.shadowed,
            refused=answered.shadow_shed,
            unfit=answered.shadow_unfit,
        )
        self.capacity = self.capacity.at(epoch).add(load, now)

    def _begin(self, now: float) -> None:
        if not self.rates.since:
            self.rates.since = now

    def _observe(self, position: Position, event: BadEvent, seen: Seen, *, weight: float) -> None:
        bad = event.bad
        if event.side is Side.LEGACY:
            self.rates.bad[bad] = self.rates.bad.get(bad, 0) + 1
        if position.stage in (Stage.LEGACY, Stage.SHADOW):
            if event.side is Side.LEGACY and not position.latched:
                self.baselines.setdefault(bad, Baseline()).add(event.draw)
            return
        if position.stage in _ALONE or position.split >= 1.0:
            return
        share = self.baselines.get(bad, Baseline()).share(position.split)
        new = int(event.side is Side.NEW)
        process = self.processes.get(bad) or Process(bad=bad)
        log_a = seen.log_a(self.rates.per_day(bad, seen.now) / max(1 - share, 0.01))
        self.processes[bad] = observe(process, new, 1 - new, share=share, at=event.at, log_a=log_a, weight=weight)

    def _pass(self, position: Position, counted: list[BadEvent], seen: Seen) -> None:
        """Where new is alone: its bad answers against the rate that legacy had."""
        if not is_alone(position) or not seen.answered.new:
            return
        for bad in Bad:
            events = sum(each.bad is bad and each.side is Side.NEW for each in counted)
            process = self.processes.get(bad) or Process(bad=bad)
            log_a = seen.log_a(self.rates.per_day(bad, seen.now))
            good = max(seen.answered.new - events, 0)
            slow = bad is Bad.LATENCY
            rate = max(self.rates.share(bad), seen.slow if slow else 0.0)
            self.processes[bad] = observe_alone(process, events, good, rate=rate, at=seen.now, log_a=log_a, as_one=slow)

    def _fold_breaker(self, seen: Seen) -> None:
        hard = sorted((each for each in seen.hard if each.bad in _HARD), key=lambda each: each.at)
        found = self.breaker
        if seen.answered.new > seen.answered.new_bad:
            found = fast.answered(found, Side.NEW)
        else:
            for event in hard:
                if event.side is Side.NEW:
                    found = fast.failed(found, Side.NEW, cohort=event.cohort, at=event.at)
        if seen.legacy_is_up or seen.answered.legacy > seen.answered.legacy_bad:
            found = fast.answered(found, Side.LEGACY)
        self.breaker = found


class Seen(NamedTuple):
    """One route's part of what was told since the last look. `hard` are all bad events, `events` those of its classes.

    `budget` in seconds and `processes` as for `threshold`; `legacy_is_up`: its last health probe was good; `slow`: the
    share of legacy's answers that are slow by definition; counted is less, as it begins when a bound is known.
    """

    now: float
    answered: Answered
    hard: tuple[BadEvent, ...]
    events: tuple[BadEvent, ...]
    budget: float
    processes: int
    legacy_is_up: bool
    slow: float

    def log_a(self, per_day: float) -> float:
        """The alarm's threshold for a process of so many events."""
        return threshold(per_day, budget=self.budget, processes=self.processes)


def is_alone(position: Position) -> bool:
    """Whether new answers everybody."""
    return position.stage in _ALONE or (position.stage is Stage.CANARY and position.split >= 1.0)


def answered_in(batches: Iterable[list[Answered]]) -> dict[str, Answered]:
    """By route, all replicas together."""
    found: dict[str, Answered] = {}
    for batch in batches:
        for each in batch:
            known = found.setdefault(each.route, Answered(each.route))
            known.legacy += each.legacy
            known.legacy_bad += each.legacy_bad
            known.new += each.new
            known.new_bad += each.new_bad
            known.shadowed += each.shadowed
            known.shadow_shed += each.shadow_shed
            known.shadow_unfit += each.shadow_unfit
    return found
