"""Whether a route may take the next step: each need by itself, with a sentence.

Rule 1: a need is met, open or failed. Open means that there is too little evidence, or none; no data meets nothing and
        fails nothing.
Rule 2: yes only when every need is met. What is open or failed keeps the route where it is.
Rule 3: evidence must be fresh: what was proved before traffic stopped says nothing about now.
Rule 4: only mismatches that are proved to be more frequent than the limit speak for going back, and only if they are
        many enough: chance that is computed from two comparisons takes them for independent, and they seldom are. At
        least `FEWEST` comparisons, and as many mismatches as five different requests need that count three times a day.
Rule 5: a step is judged by what was asked at that step: how many comparisons there are, how many of them differ, how
        many could not be compared. Which shapes were tried counts for the whole epoch: a step changes who answers, and
        not what is asked.
Rule 6: what new answered itself is judged apart: a shadow shows no fault that only live answers have. At the next step
        new's wrong answers may be no more of the route's requests than the limit, so a rate of limit / next split has
        to be disproved: for 1 % and steps of 5, 25, 50 and 100 % by 24, 133, 268 and 538 clean comparisons. A few
        that differ hold the route; to send it back is the detector's (`change`).
Rule 7: bounds look at what came after the last power of two that is at most half of the step's comparisons: a fault
        that was mended is out of sight after as many clean ones, and where to begin does not depend on what was found.
        The share that could not be compared is of pairs (`pair_counts`), and looks no further back either.
Rule 8: a difference of high severity counts as mended when it stayed away for as many comparisons as the step needs,
        for the step's time, and for so many that its former frequency would have shown it (99 %).
Rule 9: a mismatch that nobody has proved (its field waited for too long) counts against promotion. It speaks for going
        back only if fewer than `GENERATED` of the comparisons are such: a generated value differs nearly always, a
        fault at a field on which the sides mostly agree does not.
Rule 10: what is undecided is neither agreement nor incomparable. While more than `MOST_WAITING` of the last hour's
         comparisons are, or count unproved, the step waits for somebody to say what the field is.
Rule 11: `compared: 0` is said where nothing can be compared: guard, requests and time decide alone, and only what was
         found all the same, and is bad, is heard.

Long: each need is a function, and all of them say in one way what was found, what is needed, and what helps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from typing import NamedTuple

from proxy.core.amounts import apart, length, share
from proxy.core.judge.need import Check, CheckState
from proxy.core.judge.policy import NeedName, Needs, Ramp
from proxy.core.judge.reach import NO_COHORTS_SEEN, SeenCohorts, cure, daily, is_exhausted, repeats, undrawn
from proxy.core.math.confidence import ALPHA, PER_DAY, is_proved, lower_bound, upper_bound
from proxy.core.noise.keys import path_of
from proxy.core.noise.noise_groups import NOTHING_WAITS, Waiting
from proxy.core.noise.sentence import line
from proxy.core.parity.rules.pair_counts import NO_PAIRS, PairCounts
from proxy.core.parity.rules.reasons import in_words
from proxy.core.position.judged_times import seconds_in
from proxy.core.position.ladder import Place
from proxy.core.position.position import Position
from proxy.core.reconcile.reconcile_run import ReconcileRun
from proxy.core.reconcile.run_verdict import verdict_of

_FRESH = 600.0
FEWEST = 20
FEWEST_AGAINST = 4 * PER_DAY + 1
GENERATED = 0.25
MOST_WAITING = 0.01
_NAMED = 3
"""Fields that a sentence names."""
_LOOSEST = 0.2
"""However small the next step, a rate of so much has to be disproved of what new answers."""
_MANY = 0.5
_IN_VAIN = 20
"""So many answers of new the split should have brought; none came."""


class ComparedCounts(NamedTuple):
    """Comparisons that are evidence, and those of them that differ."""

    compared: int = 0
    mismatched: int = 0


NONE_COUNTED = ComparedCounts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A difference of high severity that nobody has accepted: how often it was seen, when last (unix seconds), and how
    many comparisons there were until then and since.
    """

    seen: int
    last_seen: float
    before: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What is known of a route at its step, in the present epoch. None: unknown. Unix seconds, shares in [0, 1].

    `compared` and `mismatched` count what is evidence (three per request, day and step). `lately` are those of them
    that bounds and shares look at (rule 7), None for all; `answered` and `answered_lately` are the same of what new
    answered itself; `faults`: rule 8. `unproved` mismatches count only because nobody knows what they are, `waiting` is
    what nobody knew lately; `pairs` are those of which the share that could not be compared is taken, `answered_pairs`
    such that new answered itself; `cohorts` are those that have asked, at whatever step.
    `unseen` bounds the chance of an unseen shape; `uncovered` counts the frequent shapes not compared enough;
    `requests` are answers of new at this step, `asked` those of both sides; `carried` is the greatest share of the
    route's requests that new has carried, shadow included, `raised` the share that the judge lets be shadowed, 0 for
    the usual one, `unfit` the share that cannot be shadowed; `lag` is that of a journal of writes. `epoch` is the mark
    of the present one. `killed`: seconds of this step in which the kill switch was on; `unjudged`: from when until when
    nobody judged; `closed`: the same of one of both sides, as far as somebody judged. `runs` are those of
    reconciliations that were recorded.
    """

    compared: int = 0
    mismatched: int = 0
    unproved: int = 0
    waiting: Waiting = NOTHING_WAITS
    pairs: PairCounts = NO_PAIRS
    answered_pairs: PairCounts = NO_PAIRS
    cohorts: SeenCohorts = NO_COHORTS_SEEN
    lately: ComparedCounts | None = None
    answered: ComparedCounts = NONE_COUNTED
    answered_lately: ComparedCounts | None = None
    faults: tuple[Fault, ...] = ()
    epoch: str = ""
    unseen: float | None = None
    uncovered: int | None = None
    requests: int = 0
    newest_at: float | None = None
    carried: float | None = None
    asked: int = 0
    raised: float = 0.0
    unfit: float = 0.0
    lag: float | None = None
    killed: float = 0.0
    unjudged: tuple[tuple[float, float], ...] = ()
    closed: tuple[tuple[float, float], ...] = ()
    runs: tuple[ReconcileRun, ...] = ()

    @property
    def bounded(self) -> ComparedCounts:
        """What the bounds look at."""
        return self.lately or ComparedCounts(self.compared, self.mismatched)


def checks(ramp: Ramp, position: Position, to: Place, measures: Measures, now: float) -> tuple[Check, ...]:
    """Every need of the step from where the route is to `to`."""
    return (
        _time(ramp, position, measures, now),
        *(_evidence if ramp.needs.compared else _found_anyway)(ramp, position, to, measures, now),
        *_served(ramp.needs, position, measures),
        *_lag(ramp.needs, measures),
        *_reconciled(ramp.needs, measures, now),
    )


def _evidence(ramp: Ramp, position: Position, to: Place, measures: Measures, now: float) -> tuple[Check, ...]:
    """What comparisons, and the requests that were sent to both sides, have to show."""
    return (
        _compared(ramp.needs, position, measures, now),
        _fresh(ramp, measures, now),
        _mismatches(ramp.needs, position, measures, now),
        *_waiting(measures),
        *_answered(ramp.needs, position, to, measures, now),
        _high(ramp, position, measures, now),
        _incomparable(ramp.needs, position, measures),
        _coverage(ramp.needs, measures),
        _uncovered(measures),
        *_capacity(ramp.needs, to, measures),
    )


def _found_anyway(ramp: Ramp, position: Position, to: Place, measures: Measures, now: float) -> tuple[Check, ...]:
    """The checks of a ramp that compares nothing, by rule 11."""
    found = (
        _mismatches(ramp.needs, position, measures, now),
        *_answered(ramp.needs, position, to, measures, now),
        _high(ramp, position, measures, now),
    )
    return tuple(check for check in found if check.state in {CheckState.WORSE, CheckState.FAILED})


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found of one need beside what is needed, before it is said whether that is enough."""

    need: NeedName
    value: str
    limit: str

    def check(self, state: CheckState, sentence: str, hint: str = "") -> Check:
        return Check(need=self.need, state=state, value=self.value, limit=self.limit, sentence=sentence, hint=hint)

    def met(self, *, when: bool, sentence: str, hint: str = "", otherwise: CheckState = CheckState.OPEN) -> Check:
        return self.check(CheckState.MET if when else otherwise, sentence, hint)

    def met_by_shadows(self, measures: Measures, *, when: bool, sentence: str, hint: str = "") -> Check:
        """A need that more shadows meet sooner says how many there are."""
        if measures.raised and not when:
            more = f"{share(measures.raised)} are shadowed until then"
            sentence, hint = f"{sentence}; {more}", f"{hint}; {more}" if hint else more
        return self.met(when=when, sentence=sentence, hint=hint)


def _time(ramp: Ramp, position: Position, measures: Measures, now: float) -> Check:
    """While the kill switch was on new answered nobody; what nobody judged nobody saw; what one side answers while the
    other is closed compares with nothing. None of it is time at the step.
    """
    least, unjudged = least_time(ramp, position), seconds_in(measures.unjudged, position.since)
    closed = seconds_in(measures.closed, position.since)
    been = max(now - position.since - measures.killed - unjudged - closed, 0.0)
    lacks = (
        (measures.killed, "under the kill switch"),
        (unjudged, "in which nobody judged"),
        (closed, "in which one side was closed"),
    )
    hint = ", ".join(f"without {length(seconds)} {when}" for seconds, when in lacks if seconds)
    sentence = ", ".join(filter(None, (f"at {position.place} for {length(been)} of {length(least)}", hint)))
    return _Found(NeedName.TIME, length(been), length(least)).met(when=been >= least, sentence=sentence, hint=hint)


def least_time(ramp: Ramp, position: Position) -> float:
    """How long the route stays at this step at least, in seconds."""
    return ramp.soak if position.stage.facts.shadows_all else ramp.hold


def _short(needs: Needs, position: Position, measures: Measures, now: float) -> str:
    """Why comparisons that are missing will not come soon, and what helps; empty: they may."""
    found = repeats(measures.pairs, measures.compared, position.since, now)
    a_day, (compared, mismatched) = daily(measures.compared, position.since, now), measures.bounded
    proved = upper_bound(max(compared, a_day), mismatched)
    return f"{found}; {cure(needs, a_day, proved, position.route)}" if found else ""


def _compared(needs: Needs, position: Position, measures: Measures, now: float) -> Check:
    sentence, hint = f"{measures.compared} of {needs.compared} comparisons at this step", ""
    if measures.unfit >= _MANY and not measures.compared:
        hint = f"{share(measures.unfit)} of the requests cannot be shadowed (writes, upgrades, conditional ones)"
    elif measures.compared < needs.compared:
        hint = _short(needs, position, measures, now)
    sentence += f"; {hint}" if hint else ""
    found = _Found(NeedName.COMPARED, f"{measures.compared}", f"{needs.compared}")
    return found.met_by_shadows(measures, when=measures.compared >= needs.compared, sentence=sentence, hint=hint)


def _fresh(ramp: Ramp, measures: Measures, now: float) -> Check:
    oldest = max(ramp.hold, _FRESH)
    limit = f"at most {length(oldest)} old"
    if measures.newest_at is None:
        return _Found(NeedName.NEWEST, "none yet", limit).check(CheckState.OPEN, "nothing has been compared yet")
    age = max(now - measures.newest_at, 0.0)
    found = _Found(NeedName.NEWEST, f"{length(age)} old", limit)
    return found.met(when=age <= oldest, sentence=f"the newest comparison is {length(age)} old")


def _mismatches(needs: Needs, position: Position, measures: Measures, now: float) -> Check:
    (compared, mismatched), limit = measures.bounded, needs.mismatch_rate

    def said(state: CheckState, value: str, sentence: str, hint: str = "") -> Check:
        return _Found(NeedName.MISMATCH_RATE, value, f"below {share(limit)}").check(state, sentence, hint)

    counted = f"{mismatched} of {compared} mismatch"
    if is_proved(compared, mismatched, limit):
        return said(CheckState.MET, counted, f"mismatches are proved to be below {share(limit)}")
    above = lower_bound(compared, mismatched)
    if above > limit and _speaks_for_going_back(measures, limit):
        found, most = apart(above, limit)
        sentence = f"mismatches are proved to be above {found}; at most {most} may be"
        return said(CheckState.WORSE, f"above {found}", sentence)
    if above > limit:
        doubt = _doubt(measures)
        return said(CheckState.OPEN, counted, f"{mismatched} of {compared} comparisons mismatch, {doubt}", doubt)
    bound, needed = apart(upper_bound(compared, mismatched), limit)
    sentence = f"mismatches are proved to be below {bound} only; {needed} is needed"
    hint = _short(needs, position, measures, now) if measures.compared >= needs.compared else ""
    return said(CheckState.OPEN, f"below {bound}", f"{sentence}; {hint}" if hint else sentence, hint)


def _speaks_for_going_back(measures: Measures, limit: float) -> bool:
    """See rules 4 and 9."""
    compared, mismatched = measures.bounded
    generated = measures.unproved >= GENERATED * compared
    against = max(mismatched - measures.unproved, 0) if generated else mismatched
    enough = compared >= FEWEST and against >= FEWEST_AGAINST
    return enough and lower_bound(compared, against) > limit


def _doubt(measures: Measures) -> str:
    """Why these mismatches do not speak for going back."""
    if measures.bounded.compared < FEWEST or measures.bounded.mismatched < FEWEST_AGAINST:
        return f"which proves nothing before {FEWEST_AGAINST} of at least {FEWEST} do"
    return f"{measures.unproved} of them at fields of which nobody knows whether they are noise"


def _waiting(measures: Measures) -> Iterator[Check]:
    """See rule 10; the sentence says what to write."""
    found = measures.waiting
    if not found.answers:
        return
    need = _Found(NeedName.UNDECIDED, f"{found.answers} of {found.of}", f"at most {share(MOST_WAITING)}")
    if found.answers <= MOST_WAITING * found.of:
        yield need.check(
            CheckState.MET, f"{found.answers} of {found.of} answers wait until somebody knows what is noise"
        )
        return
    paths = tuple(dict.fromkeys(map(path_of, found.keys)))
    named = ", ".join(paths[:_NAMED]) + (", …" if len(paths) > _NAMED else "")
    fields = f"{len(paths)} field{'s' * (len(paths) > 1)}"
    hint = f"{fields}: {named}. {line(paths[0])}"
    yield need.check(CheckState.OPEN, f"{found.answers} of {found.of} answers wait for {hint}", hint)


def _answered(needs: Needs, position: Position, to: Place, measures: Measures, now: float) -> Iterator[Check]:
    """What new answered itself, by rule 6."""
    if not position.stage.facts.guarded:
        return
    found, limit = measures.answered, needs.mismatch_rate
    lately = found if measures.answered_lately is None else measures.answered_lately
    said = f"of {found.compared} comparisons that new answered itself {found.mismatched} differ"
    above = lower_bound(lately.compared, lately.mismatched)
    counted = f"{found.mismatched} of {found.compared} differ"
    if above > limit:
        need = _Found(NeedName.ANSWERED_BY_NEW, counted, f"at most {share(limit)}")
        proved, most = apart(above, limit)
        yield need.check(CheckState.FAILED, f"{said}: above {proved} is proved; at most {most} may be")
    elif needs.compared and to != position.place:
        loose = share(_loosened(limit, to))
        need = _Found(NeedName.ANSWERED_BY_NEW, counted, f"below {loose} proved")
        when, hint = has_answered_enough(needs, to, measures), ""
        sentence = f"{said}: below {loose} has to be proved before {to}"
        if not when and is_exhausted(measures.answered_pairs):
            hint = f"of what the cohorts at {position.place} ask, nearly all repeats: about "
            hint += (
                f"{daily(found.compared, position.since, now):,} comparisons a day come; `needs: {{ compared: 0 }}` "
            )
            hint += f"or `banyan promote {position.route}`"
            sentence += f"; {hint}"
        yield need.met_by_shadows(measures, when=when, sentence=sentence, hint=hint)


def has_answered_enough(needs: Needs, to: Place, measures: Measures) -> bool:
    """Whether so many of new's own answers were compared, and found right, as the step to `to` needs (rule 6)."""
    loose, found = _loosened(needs.mismatch_rate, to), measures.answered
    lately = found if measures.answered_lately is None else measures.answered_lately
    return any(is_proved(counts.compared, counts.mismatched, loose) for counts in (found, lately))


def _loosened(limit: float, to: Place) -> float:
    """The rate of new's own answers that is no more than `limit` of the route's at the split of `to`."""
    return max(limit, min(limit / to.split, _LOOSEST) if to.split else limit)


def _high(ramp: Ramp, position: Position, measures: Measures, now: float) -> Check:
    """Differences of high severity that nobody has accepted, by rule 8."""
    least = least_time(ramp, position)
    uncompared = (*measures.unjudged, *measures.closed)
    left = [
        fault
        for fault in measures.faults
        if not _is_mended(fault, ramp.needs, least, now - seconds_in(uncompared, fault.last_seen))
    ]
    kinds = f"{len(left)} kind{'s' * (len(left) != 1)}"
    sentence = f"{kinds} of difference of high severity that nobody has accepted"
    need = _Found(NeedName.HIGH_SEVERITY, kinds, "none")
    return need.met(when=not left, sentence=sentence, otherwise=CheckState.FAILED)


def _is_mended(fault: Fault, needs: Needs, least: float, now: float) -> bool:
    expected = fault.before / max(fault.seen, 1) * -log(ALPHA)
    return now - fault.last_seen >= least and fault.since >= max(needs.compared, expected, 1)


def _incomparable(needs: Needs, position: Position, measures: Measures) -> Check:
    pairs, most = measures.pairs, needs.incomparable
    found = pairs.share
    if found is None:
        need = _Found(NeedName.INCOMPARABLE, "unknown", f"at most {share(most)}")
        return need.check(CheckState.OPEN, "no share of incomparable answers yet")
    value, limit = apart(found, most)
    sentence, hint = f"{value} could not be compared; at most {limit} may be", ""
    if found > most:
        ends = f"{pairs.more_until(most):,} more that can be compared end it, or " if most else ""
        hint = f"{in_words(pairs.reasons)}; {ends}`banyan epoch {position.route} --begin` once its cause is mended"
        sentence += f" ({hint})"
    need = _Found(NeedName.INCOMPARABLE, f"{value} of the last {pairs.pairs:,} pairs", f"at most {limit}")
    return need.met(when=found <= most, sentence=sentence, hint=hint, otherwise=CheckState.FAILED)


def _coverage(needs: Needs, measures: Measures) -> Check:
    if measures.unseen is None:
        need = _Found(NeedName.COVERAGE, "unknown", f"at most {share(needs.coverage)} unseen")
        return need.check(CheckState.OPEN, "how many shapes are unseen is unknown")
    unseen, limit = apart(measures.unseen, needs.coverage)
    sentence = f"the next request has an unseen shape with at most {unseen}; {limit} is needed"
    need = _Found(NeedName.COVERAGE, f"{unseen} unseen", f"at most {limit} unseen")
    return need.met(when=measures.unseen <= needs.coverage, sentence=sentence)


def _uncovered(measures: Measures) -> Check:
    if measures.uncovered is None:
        need = _Found(NeedName.UNCOVERED, "unknown", "none")
        return need.check(CheckState.OPEN, "which shapes of legacy were not compared is unknown")
    shapes, were = ("shape", "was") if measures.uncovered == 1 else ("shapes", "were")
    sentence = f"{measures.uncovered} frequent {shapes} {were} not compared enough"
    need = _Found(NeedName.UNCOVERED, f"{measures.uncovered} {shapes}", "none")
    return need.met(when=not measures.uncovered, sentence=sentence)


def _served(needs: Needs, position: Position, measures: Measures) -> Iterator[Check]:
    if position.stage.facts.draws:
        sentence, hint = f"new answered {measures.requests} of {needs.requests} requests at this step", ""
        if not measures.requests and needs.requests:
            hint = _nobody(position, measures)
            sentence += f", and legacy {measures.asked}: {hint}" if hint else ""
        if measures.requests < needs.requests and seconds_in(measures.closed, position.since) and not hint:
            hint = "without what it answered while one side was closed"
            sentence += f", {hint}"
        need = _Found(NeedName.REQUESTS, f"{measures.requests}", f"{needs.requests}")
        yield need.met(when=measures.requests >= needs.requests, sentence=sentence, hint=hint)


def _nobody(position: Position, measures: Measures) -> str:
    """Why new is not asked, and what helps; empty: nobody knows."""
    found = undrawn(measures.cohorts, position.split)
    if not found and measures.asked * position.split > _IN_VAIN:
        found = f"no cohort that asks is drawn below {share(position.split)}"
    cures = f"write a greater step or a cohort of more values, or `banyan promote {position.route}`"
    return f"{found}; {cures}" if found and measures.asked else ""


def _capacity(needs: Needs, to: Place, measures: Measures) -> Iterator[Check]:
    if not needs.capacity or not to.stage.facts.draws:
        return
    sentence, value = "which share of the requests new carries is unknown", "unknown"
    if measures.carried is not None:
        value = share(measures.carried)
        sentence = f"new carries {value} of the requests, shadow included; {to} is next"
    carries = measures.carried is not None and measures.carried >= to.split
    need = _Found(NeedName.CAPACITY, value, share(to.split))
    yield need.met_by_shadows(measures, when=carries, sentence=sentence)


def _lag(needs: Needs, measures: Measures) -> Iterator[Check]:
    if measures.lag is not None:
        need = _Found(NeedName.LAG, length(measures.lag), f"at most {length(needs.lag)}")
        sentence = f"the journal of writes trails by {length(measures.lag)}"
        yield need.met(when=measures.lag <= needs.lag, sentence=sentence)


def _reconciled(needs: Needs, measures: Measures, now: float) -> Iterator[Check]:
    for needed in needs.reconciled:
        found = verdict_of(needed, measures.runs, now)
        need = _Found(NeedName.RECONCILED, found.value, found.limit)
        state = CheckState.FAILED if found.agrees is False else CheckState.OPEN
        yield need.met(when=found.agrees is True, sentence=found.sentence, hint=found.hint, otherwise=state)
