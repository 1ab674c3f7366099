"""What the judge knows of one route beside its comparisons: the guard's processes, the breaker, baselines and counts.

Rule 1: every replica folds what all of them tell, so that whoever leads next knows what the last one knew.
Rule 2: baselines grow only while legacy answers everybody and nothing was moved yet; later they would lack the cohorts
        that moved.
Rule 3: `resume`, an edit and the end of a window in which nothing counts begin the guard anew. So does a step back to
        where new still answers somebody: what led to it is answered by it, and a new alarm is about what is told
        after it. So does the way up to where new begins to answer somebody: what failed before then is known to who
        takes it. Any other step forward, a hold and a rollback to legacy answer no alarm.
Rule 4: slow answers are many and come together: all of one fold weigh as one (guard.py, rule 6). That is their
        deduplication; once a minute every cohort has a slow answer, on a good side and on a bad one.
Rule 5: what counts for a step (answers, what new carried) goes on where a hold leaves the route in its place.
Rule 6: within one batch nobody knows in which order answers and failures came: one good answer of new ends a row, and
        the last failures of that batch count where the whole of new is left alone afterwards (breaker.py, rule 6). What
        fails with good answers in between is found by its share (share.py).
Rule 7: an answer that failed is never a good one, whether or not its event counts (dedupe.py), and what is nobody's
        answer is neither. Where new is alone, one cohort's own trouble is no evidence while others are well, however
        long it lasts: a cohort counts twice in a row only once, and what the worst one was asked stays part of what new
        was asked, as it was of legacy's. Who asks alone is the breakers' business.
Rule 8: nothing known of legacy is not "down". While it is known to be down no breaker opens; where new answers and
        fails, that is said (`stuck`), to be told to somebody: there is nowhere to go back to. A route that is held for
        that is watched until new answers well again (recovery.py), which answers what led to it. While legacy is down
        the guard's processes keep nothing there. Elsewhere, as under a person's hold, they go on, so that an alarm is
        told once, and are put back to what they were `before` as soon as it is not down: either way a new that is well
        when legacy answers does not go back for what was.
Rule 9: where legacy answers everybody but pinned cohorts, and the route is not latched, an alarm lasts no longer than
        the failing: until a good answer of new, unless a share still fails, or `LONGEST` seconds after what raised it.
        Where the judge holds a route because the legacy of another one of its group is down, until new answers well
        (recovery.py, rule 3): what a breaker of long ago was opened for takes no group back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import NamedTuple

from proxy.control.fleet.gossip import RouteAnswers
from proxy.control.judge.answered_alarms import answers
from proxy.control.judge.change_detectors import ChangeDetectors
from proxy.control.judge.observed import UNKNOWN_RATE, WEIGHT, Observed, Rates, cohorts_of_new, no_good
from proxy.core.judge import breaker as fast
from proxy.core.judge.breaker import FailureRow
from proxy.core.judge.capacity import NOTHING_CARRIED, Capacity, CarriedLoad
from proxy.core.judge.dedupe import Baseline, Dedupe
from proxy.core.judge.guard import HARD, Bad, BadEvent, Process, alarms, cleared, observe, observe_alone
from proxy.core.judge.legacy import Legacy, LegacyHealth, heard, known
from proxy.core.judge.recovery import ALARM_ENDS_AFTER, NOT_YET, Recovery, told
from proxy.core.judge.share import LIMIT, LONGEST, TIMES, AnswerWindow, Failing, Second, usual
from proxy.core.outcome import Side
from proxy.core.position.ladder import LEGACY, Place, is_above
from proxy.core.position.position import Cause, Position, Transition
from proxy.core.stage import Stage
from proxy.link.messages import CohortDelta

_ANEW = (Cause.RESUME, Cause.FILE)


class ClimbStep(NamedTuple):
    """Where a route stands, and since when (unix seconds, whole ones: stores round)."""

    stage: Stage
    split: float
    since: int

    @classmethod
    def of(cls, position: Position) -> ClimbStep:
        """The step of a position."""
        return cls(position.stage, position.split, round(position.since))


class FollowedPosition(NamedTuple):
    """A position as far as a RouteWatch follows it."""

    version: int
    place: Place
    latched: bool
    waits: bool
    since: float

    @classmethod
    def of(cls, position: Position) -> FollowedPosition:
        """What is followed of a position."""
        return cls(position.version, position.place, position.latched, position.waits, position.since)


NO_STEP = ClimbStep(*LEGACY, 0)


@dataclass(slots=True)
class RouteWatch:
    """One route's. `answers` are what new was asked at this step, `failed` those of them that it failed to answer;
    `asked` are what both sides were.

    `recovery`: how new answers since the judge holds the route for a legacy that was down, else None, and
    `lately`. `before`: the processes as legacy went down, None: it is not down (rule 8).
    `version`, `step` are those of the position that was followed last, here or by who led before; `stood` is how it
    stood, None: not here. `stuck`: why the route should go back, and cannot (rule 8); `latest`: whose hard failure
    counted last where new was alone, by class. `is_comparable`: whether both sides were open for what is told now; else
    it counts for no step (closed_times.py).
    """

    rates: Rates = field(default_factory=Rates)
    dedupe: Dedupe = field(default_factory=Dedupe)
    processes: dict[Bad, Process] = field(default_factory=dict)
    before: dict[Bad, Process] | None = None
    baselines: dict[Bad, Baseline] = field(default_factory=dict)
    breaker: FailureRow = field(default_factory=FailureRow)
    window: AnswerWindow = field(default_factory=AnswerWindow)
    legacy: Legacy = field(default_factory=Legacy)
    stuck: str = ""
    latest: dict[Bad, int] = field(default_factory=dict)
    version: int = -1
    step: ClimbStep = NO_STEP
    stood: FollowedPosition | None = None
    answers: int = 0
    asked: int = 0
    failed: int = 0
    capacity: Capacity = NOTHING_CARRIED
    changes: ChangeDetectors = field(default_factory=ChangeDetectors)
    recovery: Recovery | None = None
    lately: Recovery = NOT_YET
    is_comparable: bool = True

    def follow(self, position: Position, moves: Iterable[Transition] = ()) -> None:
        """The route stands here now, after `moves`, as far as they are known: there may have been several.

        Of two positions with one version one was made here without the store.
        """
        self.changes.follow(position.step)
        stood = FollowedPosition.of(position)
        if stood == self.stood:
            return
        is_recalled = self.stood is None and position.version == self.version
        if not is_recalled and (self._is_answered_by(position, moves) or self._is_released_by(position)):
            self.clear()
        if position.waits and self.recovery is None and not is_recalled:
            self._clear_processes()  # the alarm that led here is told; the next one is about what comes after it
        if not position.waits or self.recovery is None:
            self.recovery, self.lately = NOT_YET if position.waits else None, NOT_YET
        self.stood, self.version = stood, position.version
        if self.step != (step := ClimbStep.of(position)):
            self.step, self.answers, self.asked, self.failed = step, 0, 0, 0
            self.capacity = self.capacity.step()
        if position.latched and not is_recalled:
            self.capacity = NOTHING_CARRIED

    @property
    def is_alarmed(self) -> bool:
        """Whether the guard or a breaker has raised an alarm that nobody has cleared, or would if it could."""
        if self.breaker.opened_at is not None or self.stuck:
            return True
        return bool(self.processes) and any(process.alarmed_at is not None for process in self.processes.values())

    def _is_answered_by(self, position: Position, moves: Iterable[Transition]) -> bool:
        """Whether what led here ends what was known; hold after resume, which may come within one round, does too."""
        if self.stood is None:
            began = position.stage.facts.guarded if position.latched else position.cause in _ANEW
            return began and self._alarmed_before(position)
        if any(move.version > self.stood.version and answers(move) for move in moves):
            return True
        if not position.latched:
            is_edited = position.version == self.stood.version == 0  # the file alone rules; nothing dates its edits
            is_anew = position.cause in _ANEW and (is_edited or position.since != self.stood.since)
            is_taken = not self.stood.place.stage.facts.guarded and position.stage.facts.guarded
            return self.stood.latched or is_anew or is_taken
        return position.stage.facts.guarded and is_above(self.stood.place, position.place)

    def _is_released_by(self, position: Position) -> bool:
        return self.recovery is not None and position.cause is Cause.LEGACY and not position.held

    def recovered(self, now: float) -> str:
        """Why the judge's hold ends, as a sentence; empty: it does not."""
        is_over = self.recovery is not None and self.recovery.is_over(self._normal(), now)
        return self.recovery.sentence if self.recovery is not None and is_over else ""

    def is_clean(self, now: float) -> bool:
        """Whether it failed nothing since the judge holds it, however little it was asked (recovery.py, rule 4)."""
        return self.recovery is not None and self.recovery.is_clean(now) and not self.is_alarmed

    def _alarmed_before(self, position: Position) -> bool:
        """Whether an alarm that was kept is older than what ended it; a file that is read at a start ends none."""
        alarms = (self.breaker.opened_at, *(process.alarmed_at for process in self.processes.values()))
        return position.version > 0 and any(alarm is not None and alarm <= position.since for alarm in alarms)

    def clear(self) -> None:
        """Begin the guard, the breakers and the detectors of change anew."""
        self.changes.clear()
        self.window = AnswerWindow()
        self._forget_alarms()

    def _forget_alarms(self) -> None:
        self._clear_processes()
        self.breaker, self.stuck = FailureRow(), ""

    def _is_over(self, seen: Observed) -> bool:
        """Rule 9, at legacy and shadow."""
        if self.window.failing(self._usual(), alone=False) is not None:
            return False
        raised = (process.alarmed_at or 0.0 for process in self.processes.values())
        last = max(self.breaker.opened_at or 0.0, self.breaker.last, self.breaker.alone_until, *raised)
        return seen.answered.new > seen.answered.new_bad or seen.now - last >= LONGEST

    def _clear_processes(self) -> None:
        self.processes = {bad: cleared(each) for bad, each in self.processes.items()}
        self.before = None

    def _spare(self, *, is_down: bool) -> None:
        """Rule 8: nothing that new failed while legacy `is_down` is left when it is not down any more."""
        if is_down and self.before is None:
            self.before = dict(self.processes)
        elif not is_down and self.before is not None:
            self.processes, self.before = self.before, None

    @property
    def kept_processes(self) -> dict[Bad, Process]:
        """What the next judge takes up: it cannot tell what came while legacy was down."""
        return self.processes if self.before is None else self.before

    @property
    def is_open(self) -> bool:
        """Whether something is under way that even a quiet second may change or that others must see."""
        return self.breaker.is_begun or self.is_alarmed or self.recovery is not None

    def count(self, answered: RouteAnswers, now: float) -> None:
        """Answers without anything bad among them, while legacy answers some of the requests."""
        self._hear(answered, (), now)
        self._count(answered)

    def _count(self, answered: RouteAnswers) -> None:
        if self.is_comparable:
            self.answers += answered.new
            self.asked += answered.new + answered.legacy
            self.failed += answered.new_bad
        self.rates.answers += answered.legacy
        self.rates.failed += answered.legacy_bad

    def _watch(self, recovery: Recovery, position: Position, seen: Observed, *, alarmed: int) -> None:
        """How new answers on a route that the judge holds, of whose processes so many were `alarmed` before."""
        is_failing = self.breaker.is_due or len(alarms(self.processes.values())) > alarmed
        is_failing = is_failing or self.window.failing(self._usual(), alone=is_alone(position)) is not None
        counts, usual, now = (seen.answered.new, seen.answered.new_bad), self._normal(), seen.now
        self.recovery = told(recovery, *counts, usual=usual, is_failing=is_failing, now=now)
        self.lately = told(self.lately, *counts, usual=usual, is_failing=is_failing, now=now, lasts=ALARM_ENDS_AFTER)
        if self.is_alarmed and self.lately.is_over(usual, now, ALARM_ENDS_AFTER):
            self._forget_alarms()

    def fold(self, position: Position, seen: Observed) -> None:
        """What happened since the last fold, while the route stood at `position`."""
        self._hear(seen.answered, seen.cohorts, seen.now)
        is_down = known(self.legacy, seen.probe, seen.now) is LegacyHealth.DOWN
        self._spare(is_down=is_down)
        alarmed = len(alarms(self.processes.values()))
        if seen.hard or seen.answered.left_alone or self.breaker.is_begun or self.window.seconds:
            self._fold_breaker(position, seen)
        if (
            position.stage.facts.serves is Side.LEGACY
            and not position.latched
            and self.is_alarmed
            and self._is_over(seen)
        ):
            self._forget_alarms()
        counted = [each for each in seen.events if each.bad is Bad.LATENCY or self.dedupe.counts(each)]
        slow = sum(each.bad is Bad.LATENCY for each in counted)
        for event in counted:
            self._observe(position, event, seen, weight=1 / slow if event.bad is Bad.LATENCY else 1.0)
        self._pass(position, counted, seen)
        self._count(seen.answered)
        if self.recovery is not None:
            self._watch(self.recovery, position, seen, alarmed=alarmed)
        if position.waits and is_down:
            self._clear_processes()

    def carry(self, answered: RouteAnswers, epoch: int, now: float, *, is_raised: bool) -> None:
        """What new carried of a route that climbs, in this epoch of its evidence; `is_raised`: as of capacity.py."""
        load = CarriedLoad(
            new=answered.new,
            legacy=answered.legacy,
            sent=answered.shadowed,
            refused=answered.shadow_shed,
            unfit=answered.shadow_unfit,
        )
        self.capacity = self.capacity.at(epoch).add(load, now, is_raised=is_raised)

    def _hear(self, answered: RouteAnswers, cohorts: Iterable[CohortDelta], now: float) -> None:
        """What both sides did now: a minute of it is kept while new fails, and how legacy is."""
        if not self.rates.since:
            self.rates.since = now
        asked = answered.legacy + answered.shadow_good + answered.shadow_bad
        failed = answered.legacy_bad + answered.shadow_bad
        self.legacy = heard(self.legacy, asked - failed, failed, now)
        if answered.new_bad or self.window.seconds:
            second = Second(int(now), answered.new, answered.new_bad, asked, failed)
            self.window.add(second, ((cohort.cohort, cohort.good, cohort.failed) for cohort in cohorts))

    def _observe(self, position: Position, event: BadEvent, seen: Observed, *, weight: float) -> None:
        bad = event.bad
        if event.side is Side.LEGACY:
            self.rates.bad[bad] = self.rates.bad.get(bad, 0) + 1
        if position.stage.facts.serves is Side.LEGACY:
            if event.side is Side.LEGACY and not position.latched:
                self.baselines.setdefault(bad, Baseline()).add(event.draw)
            return
        if position.stage.facts.serves is Side.NEW or position.split >= 1.0:
            return
        share = self.baselines.get(bad, Baseline()).share(position.split)
        new = int(event.side is Side.NEW)
        process = self.processes.get(bad) or Process(bad=bad)
        log_a = seen.log_a(self.rates.per_day(bad, seen.now) / max(1 - share, 0.01))
        self.processes[bad] = observe(process, new, 1 - new, share=share, at=event.at, log_a=log_a, weight=weight)

    def _pass(self, position: Position, counted: list[BadEvent], seen: Observed) -> None:
        """Where new is alone: its bad answers against the rate that legacy had (rule 6)."""
        if not is_alone(position) or not seen.answered.new:
            return
        hard, failed = cohorts_of_new(seen.hard, *HARD), seen.answered.new_bad
        for bad in Bad:
            mine = [each.cohort for each in counted if each.bad is bad and each.side is Side.NEW]
            events = self._of_others(bad, mine) if bad in HARD else len(mine)
            process = self.processes.get(bad) or Process(bad=bad)
            log_a = seen.log_a(self.rates.per_day(bad, seen.now))
            slow, is_hard = bad is Bad.LATENCY, bad in HARD
            failures = no_good(hard, failed, events if is_hard else 0)
            failures += 0 if is_hard else no_good(cohorts_of_new(seen.events, bad), 0, events)
            good = max(seen.answered.new - round(failures), 0)
            rate = max(self.rates.share(bad), seen.slow if slow else 0.0)
            self.processes[bad] = observe_alone(process, events, good, rate=rate, at=seen.now, log_a=log_a, as_one=slow)

    def _of_others(self, bad: Bad, cohorts: list[int]) -> int:
        """How many of the events are of another cohort than the one before."""
        before, counts = self.latest.get(bad), 0
        for cohort in cohorts:
            counts += cohort != before
            before = cohort
        if before is not None:
            self.latest[bad] = before
        return counts

    def _fold_breaker(self, position: Position, seen: Observed) -> None:
        legacy = known(self.legacy, seen.probe, seen.now)
        self.breaker = found = self._row(seen, legacy)
        failing = self.window.failing(self._usual(), alone=is_alone(position))
        self.stuck = ""
        if legacy is not LegacyHealth.DOWN:
            self.breaker = found if failing is None else fast.opened(found, failing.sentence, seen.now)
        elif position.stage.facts.guarded and found.opened_at is None:
            self.stuck = _stuck(found, failing)

    def _row(self, seen: Observed, legacy: LegacyHealth) -> FailureRow:
        """The row after what was seen."""
        found = self.breaker
        if found.row:
            found = replace(found, is_sole=not self.window.has_well(found.cohort))
        if legacy is LegacyHealth.DOWN or seen.is_legacy_closed:
            found = fast.failed(found, Side.LEGACY, cohort=0, at=seen.now)
        events = sorted(
            (each for each in seen.hard if each.bad in HARD and each.side is Side.NEW), key=lambda each: each.at
        )
        if seen.answered.new > seen.answered.new_bad:
            last = events[-fast.MOST_BEFORE :]
            unconnected = sum(1 for _ in takewhile(lambda each: each.unreachable, reversed(last)))
            found = fast.answered(found, Side.NEW, at=seen.now, before=len(last), unconnected=unconnected)
        else:
            for event in events:
                found = fast.failed(found, Side.NEW, cohort=event.cohort, at=event.at, unreachable=event.unreachable)
            told = seen.answered
            found = fast.refused(found, told.refused, seen.now, left_alone=told.left_alone, lasts=seen.alone_lasts)
        if legacy is LegacyHealth.DOWN:
            return found
        if seen.legacy_answered and not seen.is_legacy_closed:
            return fast.answered(found, Side.LEGACY)
        return fast.waited(found, seen.now, closed=seen.is_legacy_closed)

    def _normal(self) -> float:
        """Legacy's share of bad answers; at most a third of the breaker's limit: it may have been down."""
        rates = self.rates
        return min((rates.failed + UNKNOWN_RATE * WEIGHT) / (rates.answers + WEIGHT), LIMIT / TIMES)

    def _usual(self) -> float:
        """The share of answers that fails as a rule: legacy's, or where too little is known of it, new's own before."""
        rates = self.rates
        if rates.answers >= WEIGHT:
            return usual(rates.answers, rates.failed)
        answers, failed = max(self.answers - self.window.asked, 0), max(self.failed - self.window.failed, 0)
        return min(usual(answers, failed), usual(rates.answers, rates.failed))


def _stuck(row: FailureRow, failing: Failing | None) -> str:
    """Rule 7: the sentence, or empty."""
    if failing is not None:
        return failing.sentence
    return row.what if row.is_due else ""


def is_alone(position: Position) -> bool:
    """Whether new answers every cohort that is not pinned."""
    facts = position.stage.facts
    return facts.serves is Side.NEW or (facts.draws and position.split >= 1.0)
