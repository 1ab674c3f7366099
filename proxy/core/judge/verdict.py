"""The verdict: everything that is known of a route, combined, with plain reasons.

Rule 1: a latched route climbs no more; no later evidence overwrites the verdict that latched it.
Rule 2: alarms are heard wherever new answers somebody: latched, on hold, while waiting for whatever it is, and outside
        the ramp. What was known before the route was taken there is no new alarm (route_watch.py, rule 3): a proof of
        mismatches needs a comparison since. What is held already and cannot go back is told to somebody.
Rule 3: a hold stops promotion, never a rollback. A window that stops everything stops both.
Rule 4: waiting is no failure: time that passes without evidence changes nothing.
Rule 5: what an alarm does is said by `on_failure`; past the one-way door it is never a rollback.
Rule 6: nothing goes back to a legacy that is known to be down: the route is held, and somebody is told. That hold ends
        when new answers well again (recovery.py); a person's never does by itself.
Rule 7: with `dry_run` the reasons say what would have been done, and nothing is done.
Rule 8: a ruling is about one position; it says which, and means nothing for any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from proxy.core.judge import stage_machine
from proxy.core.judge.breaker import FailureRow
from proxy.core.judge.change import ChangeDetector
from proxy.core.judge.guard import Process, alarms
from proxy.core.judge.need import Check, CheckState
from proxy.core.judge.policy import GuardPolicy, OnFailure, Ramp, Stops
from proxy.core.judge.promotion import decide_promotion
from proxy.core.judge.ramp import Measures, checks
from proxy.core.judge.reach import repeats
from proxy.core.judge.share import LONGEST
from proxy.core.judge.stage_machine import Maker, MoveRefusal
from proxy.core.judge.windows import Closed
from proxy.core.math.confidence import lower_bound, upper_bound
from proxy.core.outcome import Side
from proxy.core.position.hold import held, hold_ends
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, Position


class Verdict(StrEnum):
    """What the judge says: one step forward, stay, or back."""

    PROMOTE = "promote"
    HOLD = "hold"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with its reasons and the numbers that they rest on.

    `needs` are those of the next step, met and open; none where nothing is next. `alarm`: what keeps the route whatever
    is met, or empty.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    numbers: tuple[tuple[str, float], ...]
    needs: tuple[Check, ...] = ()
    alarm: str = ""

    @property
    def obstacle(self) -> str:
        """What keeps the route where it is: as a clause the first need that failed, else the first that is open; an
        alarm, whatever is needed beside its end; where all needs are met, the first other reason.
        """
        unmet = [need for need in self.needs if need.state is not CheckState.MET]
        failed = [need for need in unmet if need.state is not CheckState.OPEN]
        said = {need.sentence for need in self.needs}
        others = (reason for reason in self.reasons if reason not in said)
        return self.alarm or next((need.clause for need in (*failed, *unmet)), "") or next(others, "")


class Action(StrEnum):
    """What is to be done: `freeze` holds the route, `release` ends such a hold, `page` tells somebody."""

    PROMOTE = "promote"
    STAY = "stay"
    ROLLBACK = "rollback"
    FREEZE = "freeze"
    RELEASE = "release"
    PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A judgement on `position` with what follows from it: where the route goes (None: it stays), and why.

    `alarmed_at`: when what it answers was raised, in unix seconds; None: nothing was, or nobody knows;
    `legacy_is_down`: as the case had it; `against`: what comparisons have proved against new, whatever follows;
    `repeats`: that the route's requests bring few comparisons a day, or empty.
    """

    position: Position
    judgement: Judgement
    action: Action = Action.STAY
    to: Place | None = None
    cause: Cause = Cause.EVIDENCE
    alarmed_at: float | None = None
    legacy_is_down: bool = False
    against: str = ""
    repeats: str = ""

    def is_about(self, position: Position) -> bool:
        """Whether what stands is what was ruled on: the same version, at the same place, for the same cause."""
        ruled = self.position
        return (position.version, position.place, position.cause) == (ruled.version, ruled.place, ruled.cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that is known. `changes` by the side that answered; `blocked`: sentences of what other routes and
    orders forbid (`budget`); `now` in unix seconds.

    `stuck`: why the route should go back though legacy is down, or empty. `recovered`: that new answers well again
    since it was held for that, or empty.
    """

    position: Position
    now: float
    guard: GuardPolicy = field(default_factory=GuardPolicy)
    ramp: Ramp | None = None
    processes: tuple[Process, ...] = ()
    breaker: FailureRow = field(default_factory=FailureRow)
    stuck: str = ""
    legacy_is_down: bool = False
    recovered: str = ""
    measures: Measures | None = None
    changes: Mapping[Side, ChangeDetector] = field(default_factory=dict)
    closed: tuple[Closed, ...] = ()
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Alarm:
    cause: Cause
    reason: str
    at: float | None = None


def judge(case: Case) -> Ruling:
    """The ruling on one route."""
    proof = _proof(case)
    against = "" if proof is None else proof.reason
    known = case.measures or Measures()
    few = repeats(known.pairs, known.compared, case.position.since, case.now)
    return replace(_ruling(case, proof), legacy_is_down=case.legacy_is_down, against=against, repeats=few)


def _ruling(case: Case, proof: _Alarm | None) -> Ruling:
    if proof is None and _is_released(case):
        judgement = _judgement(case, Verdict.HOLD, case.recovered, "the hold from when legacy was down ends")
        return Ruling(position=case.position, judgement=judgement, action=Action.RELEASE, cause=Cause.LEGACY)
    alarm = _alarm(case) or proof
    if alarm is not None and case.position.stage.facts.guarded:
        return _answer(case, alarm)
    if case.position.latched:
        until = f"`banyan resume {case.position.route}`, or an edit of its stage or split"
        said = f"rolled back ({case.position.cause}); stays back until {until}"
        return _stay(case, said, *([alarm.reason] if alarm else []))
    if alarm is not None:
        waits = _climb(case).judgement.needs
        stays = _stay(case, alarm.reason, _no_undoing(case.position, alarm), needs=waits)
        return replace(stays, judgement=replace(stays.judgement, alarm=alarm.reason))
    return _climb(case)


def _no_undoing(position: Position, alarm: _Alarm) -> str:
    """What an alarm means where no split is answered by new, and what ends it (route_watch.py, rule 9)."""
    if position.stage.facts.ends:
        return "it is retired, nobody answers any more: there is nothing to undo"
    ends = f"one good answer of new ends the alarm, and so do {LONGEST // 60} minutes without a failure"
    if alarm.cause is Cause.EVIDENCE:
        anew = f"banyan epoch {position.route} --begin"
        edit = "an edit of its `compare:`, where the difference is meant"
        ends = f"comparisons that agree again end the alarm, and so do {edit}, and `{anew}` once new is mended"
    who = f"at {position.place} new answers pinned cohorts alone: there is nothing to undo"
    return f"{who}; {ends}; promote does not wait for it"


def _is_released(case: Case) -> bool:
    """Whether the judge's own hold ends. Alarms of before then are over with it; a proof of mismatches is none."""
    stopped = any(window.stops is Stops.EVERYTHING for window in case.closed)
    return bool(case.recovered) and not (case.guard.dry_run or stopped)


def _alarm(case: Case) -> _Alarm | None:
    """The first alarm of breaker and guard."""
    if case.breaker.opened_at is not None:
        return _Alarm(Cause.BREAKER, case.breaker.sentence, case.breaker.raised_at)
    if case.stuck:
        return _Alarm(Cause.BREAKER, case.stuck)
    for process in alarms(stream for stream in case.processes if stream.bad in case.guard.classes):
        said = f"{process.bad} of new is more frequent than legacy's allows, after {process.events} bad events"
        return _Alarm(Cause.GUARD, said, process.alarmed_at)
    return None


def _proof(case: Case) -> _Alarm | None:
    """Mismatches that are proved to be too frequent, or have become so, since the route is where it is."""
    if case.ramp is None or case.measures is None or (case.measures.newest_at or 0.0) <= case.position.since:
        return None
    found = checks(case.ramp, case.position, case.position.place, case.measures, case.now)
    worse = [check.sentence for check in found if check.state is CheckState.WORSE]
    worse += [_changed(side, each) for side, each in case.changes.items() if each.alarmed_at is not None]
    return _Alarm(Cause.EVIDENCE, worse[0]) if worse else None


def _changed(side: Side, change: ChangeDetector) -> str:
    who = "that new answered" if side is Side.NEW else "that legacy answered"
    counts = f"{change.mismatched} of the last {change.compared} comparisons"
    return f"mismatches have become more frequent than the ramp allows: {counts} of requests {who}"


def _answer(case: Case, alarm: _Alarm) -> Ruling:
    """What an alarm leads to where new answers somebody."""
    does = case.guard.action(case.position.stage)
    if case.guard.dry_run:
        return _stay(case, alarm.reason, f"dry run: without it this would be a {does}")
    window = next((each.name for each in case.closed if each.stops is Stops.EVERYTHING), None)
    if window is not None:
        return _act(case, Action.PAGE, alarm, f"window {window} is on: the judge does not move the route")
    if does is OnFailure.PAGE:
        return _act(case, Action.PAGE, alarm, "on_failure says page: somebody has to look")
    if does is OnFailure.ROLLBACK and case.legacy_is_down:
        why = "legacy is known to be down: going back would help nobody. It is held, and goes back once legacy answers"
        return _hold(case, alarm, why, Cause.LEGACY)
    to = stage_machine.rollback(case.position, Maker.JUDGE, door=case.guard.door)
    if does is OnFailure.FREEZE or isinstance(to, MoveRefusal):
        why = to.sentence if isinstance(to, MoveRefusal) else "on_failure says freeze: it stays, and is not promoted"
        return _hold(case, alarm, why, alarm.cause)
    judgement = _judgement(case, Verdict.ROLLBACK, alarm.reason)
    return Ruling(position=case.position, judgement=judgement, action=Action.ROLLBACK, to=to, cause=alarm.cause)


def _hold(case: Case, alarm: _Alarm, why: str, cause: Cause) -> Ruling:
    """It is held, and where it is already somebody is told; either says what ends the hold."""
    if case.position.held:
        return _act(case, Action.PAGE, alarm, why, hold_ends(case.position))
    return replace(_act(case, Action.FREEZE, alarm, why, hold_ends(held(case.position, cause))), cause=cause)


def _act(case: Case, action: Action, alarm: _Alarm, *why: str) -> Ruling:
    judgement = _judgement(case, Verdict.HOLD, alarm.reason, *why)
    return Ruling(position=case.position, judgement=judgement, action=action, cause=alarm.cause, alarmed_at=alarm.at)


def _climb(case: Case) -> Ruling:
    """The way up, where nothing is wrong."""
    forbidden = [f"window {window.name} is on" for window in case.closed] + list(case.blocked)
    measures = case.measures or Measures()
    found = decide_promotion(case.ramp, case.position, measures, case.now, door=case.guard.door, forbidden=forbidden)
    if found.to is None:
        return _stay(case, *found.reasons, needs=found.needs)
    judgement = _judgement(case, Verdict.PROMOTE, *found.reasons, needs=found.needs)
    return Ruling(position=case.position, judgement=judgement, action=Action.PROMOTE, to=found.to)


def _stay(case: Case, *reasons: str, needs: tuple[Check, ...] = ()) -> Ruling:
    return Ruling(position=case.position, judgement=_judgement(case, Verdict.HOLD, *reasons, needs=needs))


def _judgement(case: Case, verdict: Verdict, *reasons: str, needs: tuple[Check, ...] = ()) -> Judgement:
    return Judgement(verdict=verdict, reasons=reasons, numbers=_numbers(case), needs=needs)


def _numbers(case: Case) -> tuple[tuple[str, float], ...]:
    """What the reasons rest on; the guard's evidence as a natural logarithm."""
    numbers = [(f"guard_{process.bad}", process.level) for process in case.processes]
    if case.measures is not None:
        found = case.measures
        numbers += [
            ("compared", found.compared),
            ("mismatched", found.mismatched),
            ("pairs", found.pairs.pairs),
            ("incomparable", found.pairs.incomparable),
            ("mismatch_rate_lower_bound", lower_bound(*found.bounded)),
            ("mismatch_rate_upper_bound", upper_bound(*found.bounded)),
            ("answered_compared", found.answered.compared),
            ("answered_mismatched", found.answered.mismatched),
        ]
    return tuple(numbers)
