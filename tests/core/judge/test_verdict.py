"""What the judge rules of one case: by alarms, needs and time, at every stage.

Long: one function decides, and each of its answers is a row of what stands and what is known.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from proxy.core.judge.breaker import FailureRow
from proxy.core.judge.change import ChangeDetector
from proxy.core.judge.guard import Bad, Process, observe
from proxy.core.judge.policy import GuardPolicy, OnFailure, Stops
from proxy.core.judge.ramp import Measures
from proxy.core.judge.verdict import Action, Case, Verdict, judge
from proxy.core.judge.windows import Closed
from proxy.core.outcome import Side
from proxy.core.parity.rules.pair_counts import PairCounts
from proxy.core.position.ladder import COMPLETE, LEGACY, LIVE, RETIRED, SHADOW, Place
from proxy.core.position.position import Cause, rolled_back
from proxy.core.stage import Stage
from tests.core.judge.cases import ALARM, FAULT, FIVE, GOOD, NOW, ONE, OPENED, QUARTER, RAMP, case

QUIET, NO_PROMOTION = Closed("night", Stops.EVERYTHING), Closed("christmas", Stops.PROMOTION)
BAD = replace(GOOD, mismatched=500)
DOOR = (
    "live is past its one-way door (live): what new has written, legacy does not know; "
    "if going back is meant, write another stage or split in routes.yaml than it says now (live)"
)
HOLD_ENDS = "`banyan resume orders` ends the hold"


def test_good_evidence_promotes_by_one_step_with_its_numbers() -> None:
    """All needs met: the next rung, with what was met as reasons, and the figures."""
    found = judge(case())

    assert (found.action, found.to, found.cause) == (Action.PROMOTE, QUARTER, Cause.EVIDENCE)
    assert found.judgement.verdict is Verdict.PROMOTE
    assert "mismatches are proved to be below 1 %" in found.judgement.reasons
    numbers = dict(found.judgement.numbers)
    assert (numbers["compared"], numbers["mismatched"]) == (5000, 3)
    assert numbers["mismatch_rate_lower_bound"] < 0.0006 < numbers["mismatch_rate_upper_bound"] < 0.01


@pytest.mark.parametrize(
    ("alarmed", "cause", "reason"),
    [
        ({"breaker": OPENED}, Cause.BREAKER, "new failed 5 times in a row while legacy answered"),
        (
            {"breaker": FailureRow(opened_at=1.0)},
            Cause.BREAKER,
            "new failed too many times in a row while legacy answered",
        ),
        (
            {"processes": (Process(bad=Bad.LATENCY), ALARM)},
            Cause.GUARD,
            "5xx of new is more frequent than legacy's allows, after 40 bad events",
        ),
        ({"measures": BAD}, Cause.EVIDENCE, "mismatches are proved to be above 7.05 %; at most 1 % may be"),
        (
            {"breaker": OPENED, "processes": (ALARM,)},
            Cause.BREAKER,
            "new failed 5 times in a row while legacy answered",
        ),
    ],
)
def test_each_alarm_rolls_back_with_its_reason(alarmed: dict[str, Any], cause: Cause, reason: str) -> None:
    """Breaker, guard and proven mismatches all lead back to shadow; the quickest is named."""
    found = judge(case(**alarmed))

    assert (found.action, found.to, found.cause) == (Action.ROLLBACK, SHADOW, cause)
    assert found.judgement.verdict is Verdict.ROLLBACK
    assert found.judgement.reasons == (reason,)


@pytest.mark.parametrize("place", [ONE, FIVE, QUARTER, LIVE, Place(Stage.CANARY, 0.33)], ids=str)
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("latched", [False, True])
@pytest.mark.parametrize("blocked", [(), ("2 routes are in motion",)])
@pytest.mark.parametrize("ramp", [None, RAMP])
@pytest.mark.parametrize("measures", [None, GOOD, Measures()])
def test_an_alarm_rolls_back_in_every_state(
    *, place: Place, held: bool, latched: bool, blocked: tuple[str, ...], ramp: object, measures: Measures | None
) -> None:
    """Flagger 1801: eighteen failed checks and no rollback, since the route waited for a hook. Here waiting, holds,
    latches, a missing ramp, missing evidence and other routes never stand between an alarm and the way back.
    """
    known = {"blocked": blocked, "ramp": ramp, "measures": measures, "processes": (ALARM,)}
    found = judge(case(place, held=held, latched=latched, **known))

    assert (found.action, found.to) == (Action.ROLLBACK, SHADOW)


def test_a_verdict_that_latched_is_never_overwritten() -> None:
    """Argo 1411: a failed run was later marked successful and completed. Here no evidence moves a latched route."""
    back = rolled_back(case().position, SHADOW, Cause.GUARD, NOW - 60)

    for evidence in (GOOD, BAD, Measures(), None):
        found = judge(replace(case(), position=back, measures=evidence))
        assert (found.action, found.judgement.verdict) == (Action.STAY, Verdict.HOLD)
        assert found.judgement.reasons[0].startswith("rolled back (guard); stays back until `banyan resume orders`")


def test_an_alarm_is_not_outvoted_by_later_good_news() -> None:
    """Argo 1411, a tick earlier: between alarm and rollback good evidence arrives; the alarm stands."""
    process = ALARM
    for at in range(1000):
        process = observe(process, 0, 1, share=0.05, at=NOW + at, log_a=14.0)

    assert judge(case(processes=(process,))).action is Action.ROLLBACK


def test_an_aborted_route_does_not_try_again_by_itself() -> None:
    """Argo 2929: an aborted rollout began anew. Here time alone, however long, changes nothing about a latch."""
    back = rolled_back(case().position, SHADOW, Cause.OPERATOR, NOW)

    later = [judge(replace(case(), position=back, now=NOW + days * 86_400.0)) for days in (0, 1, 30, 365)]

    assert {each.action for each in later} == {Action.STAY}


@pytest.mark.parametrize(
    ("guard", "closed", "action"),
    [
        (GuardPolicy(dry_run=True), (), Action.STAY),
        (GuardPolicy(on_failure=((Stage.CANARY, OnFailure.FREEZE),)), (), Action.FREEZE),
        (GuardPolicy(on_failure=((Stage.CANARY, OnFailure.PAGE),)), (), Action.PAGE),
        (GuardPolicy(), (QUIET,), Action.PAGE),
        (GuardPolicy(), (NO_PROMOTION,), Action.ROLLBACK),
    ],
)
def test_a_latch_changes_nothing_about_what_an_alarm_does(
    guard: GuardPolicy, closed: tuple[Closed, ...], action: Action
) -> None:
    """A step back is latched, and new still answers somebody there: `on_failure`, dry run and windows hold as ever."""
    assert judge(case(latched=True, breaker=OPENED, guard=guard, closed=closed)).action is action


def test_a_proof_that_nothing_was_added_to_is_answered_by_the_move() -> None:
    """An operator's step back from too many mismatches is not overtaken by them; the next comparison counts."""
    stepped = rolled_back(case(LIVE).position, QUARTER, Cause.OPERATOR, NOW - 10)
    measures = [replace(BAD, newest_at=at) for at in (NOW - 10, NOW - 9)]

    assert [judge(replace(case(), position=stepped, measures=measure)).action for measure in measures] == [
        Action.STAY,
        Action.ROLLBACK,
    ]


def test_a_ruling_says_which_position_it_is_about() -> None:
    """Whatever it is; and it is about no other version, and no other place that a file gives to the same version.

    Of two holds under one version one may be a person's: what was made without the store, and what the store has.
    """
    known = case()
    rulings = [judge(known), judge(replace(known, measures=None)), judge(replace(known, breaker=OPENED))]
    later = replace(known.position, version=known.position.version + 1)
    edited = replace(known.position, split=0.5)
    ordered = replace(known.position, held=True, cause=Cause.OPERATOR)

    assert {ruling.position for ruling in rulings} == {known.position}
    assert [rulings[0].is_about(each) for each in (known.position, later, edited, ordered)] == [
        True,
        False,
        False,
        False,
    ]


def test_a_latched_route_still_tells_its_alarms() -> None:
    """What is wrong is said after the rollback, too."""
    found = judge(case(SHADOW, latched=True, breaker=OPENED))

    assert found.judgement.reasons[1] == "new failed 5 times in a row while legacy answered"


def test_waiting_rolls_nothing_back() -> None:
    """No evidence for a year is a hold with reasons, not a failure (Flagger 1035: no traffic failed the rollout)."""
    for days in (0, 1, 30, 365):
        found = judge(replace(case(measures=Measures()), now=NOW + days * 86_400.0))
        assert found.judgement.verdict is Verdict.HOLD
        assert "nothing has been compared yet" in found.judgement.reasons


def test_no_data_is_no_success() -> None:
    """Without any measures, or with none that count, nothing is promoted (Flagger 1581: an empty list passed)."""
    assert judge(case(measures=None)).action is Action.STAY
    assert judge(case(measures=Measures(newest_at=NOW))).action is Action.STAY


def test_nothing_moves_on_after_traffic_stopped() -> None:
    """Flagger 1011: a canary advanced on what was measured before. Here old evidence is no evidence."""
    found = judge(case(measures=replace(GOOD, newest_at=NOW - 7200)))

    assert found.judgement.reasons == ("the newest comparison is 2h old",)


def test_a_measure_that_comes_late_is_waited_for() -> None:
    """Argo 1360: a run ended before a delayed metric began. Here what is unknown keeps the route where it is."""
    late = (
        replace(GOOD, unseen=None),
        replace(GOOD, uncovered=None),
        replace(GOOD, carried=None),
        replace(GOOD, newest_at=None),
    )

    assert {judge(case(measures=each)).action for each in late} == {Action.STAY}


def test_sparse_traffic_is_not_judged_by_a_handful() -> None:
    """At near-zero traffic one bad answer of three is no alarm, and three good ones are no proof."""
    process = Process(bad=Bad.ERROR)
    for is_new in (1, 0, 1):
        process = observe(process, is_new, 1 - is_new, share=0.5, at=NOW, log_a=7.0)

    found = judge(case(processes=(process,), measures=Measures(compared=3, newest_at=NOW)))

    assert found.judgement.verdict is Verdict.HOLD
    assert "3 of 1000 comparisons at this step" in found.judgement.reasons


def test_a_failed_need_holds_and_does_not_roll_back() -> None:
    """A high difference or too many incomparable answers stop promotion; they prove nothing against what runs."""
    for measures in (replace(GOOD, faults=(FAULT,)), replace(GOOD, pairs=PairCounts(5_500, (("shed", 500),)))):
        found = judge(case(measures=measures))
        assert (found.action, found.judgement.verdict) == (Action.STAY, Verdict.HOLD)
        assert len(found.judgement.reasons) == 1


PINNED = "new answers pinned cohorts alone: there is nothing to undo"
ENDS = "one good answer of new ends the alarm, and so do 5 minutes without a failure; promote does not wait for it"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (LEGACY, f"at legacy {PINNED}; {ENDS}"),
        (SHADOW, f"at shadow {PINNED}; {ENDS}"),
        (RETIRED, "it is retired, nobody answers any more: there is nothing to undo"),
    ],
    ids=str,
)
def test_where_no_split_is_answered_by_new_an_alarm_holds(place: Place, said: str) -> None:
    """There is nothing to undo, and nothing is promoted; it is said what ends that."""
    found = judge(case(place, processes=(ALARM,)))

    assert (found.action, found.judgement.verdict) == (Action.STAY, Verdict.HOLD)
    assert found.judgement.reasons[1] == said


@pytest.mark.parametrize(
    ("said", "door", "action", "reason"),
    [
        (OnFailure.FREEZE, Stage.COMPLETE, Action.FREEZE, "on_failure says freeze: it stays, and is not promoted"),
        (OnFailure.PAGE, Stage.COMPLETE, Action.PAGE, "on_failure says page: somebody has to look"),
        (OnFailure.ROLLBACK, Stage.LIVE, Action.FREEZE, DOOR),
        (OnFailure.PAGE, Stage.LIVE, Action.PAGE, "on_failure says page: somebody has to look"),
    ],
)
def test_an_alarm_does_what_on_failure_says(said: OnFailure, door: Stage, action: Action, reason: str) -> None:
    """Freeze and page instead of rollback, by stage, and never a rollback past the one-way door."""
    found = judge(case(LIVE, breaker=OPENED, guard=GuardPolicy(on_failure=((Stage.LIVE, said),), door=door)))

    assert (found.action, found.to, found.judgement.verdict) == (action, None, Verdict.HOLD)
    assert (found.cause, found.judgement.reasons[1]) == (Cause.BREAKER, reason)
    assert found.judgement.reasons[2:] == ((HOLD_ENDS,) if action is Action.FREEZE else ())


@pytest.mark.parametrize("place", [FIVE, COMPLETE], ids=str)
def test_a_frozen_route_is_not_frozen_again(place: Place) -> None:
    """What is held already stays held, without another move; somebody is told, whoever holds it."""
    guard = GuardPolicy(on_failure=((Stage.CANARY, OnFailure.FREEZE),))
    found = judge(case(place, held=True, breaker=replace(OPENED, raised_at=NOW - 1), guard=guard))

    assert (found.action, found.to, found.alarmed_at) == (Action.PAGE, None, NOW - 1)
    assert found.judgement.reasons[-1] == HOLD_ENDS


def test_a_dry_run_says_what_it_would_do() -> None:
    """Guard and ramp each evaluate and tell, and nothing moves."""
    back = judge(case(breaker=OPENED, guard=GuardPolicy(dry_run=True)))
    up = judge(case(ramp=replace(RAMP, dry_run=True)))

    assert (back.action, back.judgement.verdict) == (Action.STAY, Verdict.HOLD)
    assert back.judgement.reasons[1] == "dry run: without it this would be a rollback"
    assert (up.action, up.judgement.reasons[0]) == (
        Action.STAY,
        "dry run: without it this would be a promotion to canary 25%",
    )


def test_a_class_that_the_guard_leaves_out_is_no_alarm() -> None:
    """`classes` says what counts."""
    assert judge(case(processes=(ALARM,), guard=GuardPolicy(classes=frozenset({Bad.TIMEOUT})))).action is Action.PROMOTE


def test_within_a_window_the_judge_keeps_still() -> None:
    """A window that stops everything stops both ways, and an alarm calls somebody; a freeze stops promotion only."""
    assert judge(case(closed=(QUIET,))).judgement.reasons == ("window night is on",)
    assert judge(case(closed=(NO_PROMOTION,))).judgement.reasons == ("window christmas is on",)
    assert judge(case(closed=(NO_PROMOTION,), processes=(ALARM,))).action is Action.ROLLBACK
    paged = judge(case(closed=(QUIET,), processes=(ALARM,)))
    assert (paged.action, paged.judgement.verdict) == (Action.PAGE, Verdict.HOLD)
    assert paged.judgement.reasons[1] == "window night is on: the judge does not move the route"


def test_holds_other_routes_and_missing_ramps_stop_promotion() -> None:
    """Each with the sentence that says why."""
    assert judge(case(held=True)).judgement.reasons == (f"it is on hold; {HOLD_ENDS}",)
    assert judge(case(blocked=("a", "b"))).judgement.reasons == ("a", "b")
    assert judge(case(ramp=None)).judgement.reasons == ("no ramp is declared: it goes as far as routes.yaml says",)


def test_the_judge_never_enters_complete() -> None:
    """At live the best evidence holds: complete is for the file."""
    found = judge(case(LIVE))

    assert found.action is Action.STAY
    assert found.judgement.reasons == ("complete is entered by an edit of routes.yaml only (`stage: complete`)",)


def test_no_case_moves_a_route_two_steps_or_without_evidence() -> None:
    """Over every combination, a promotion has good evidence, nothing in its way, and is one rung; back is to shadow."""
    rungs = {SHADOW: ONE, ONE: FIVE, FIVE: QUARTER, QUARTER: LIVE}
    places = (LEGACY, SHADOW, ONE, FIVE, QUARTER, LIVE, COMPLETE, RETIRED)
    evidence = (None, Measures(), GOOD, BAD)
    for place, held, latched, measures, closed, process in product(
        places, (False, True), (False, True), evidence, ((), (QUIET,), (NO_PROMOTION,)), ((), (ALARM,))
    ):
        known: Case = case(place, held=held, latched=latched, measures=measures, closed=closed, processes=process)
        found = judge(known)
        assert found.judgement.reasons
        if found.action is Action.PROMOTE:
            assert (measures, held, latched, closed, process) == (GOOD, False, False, (), ())
            assert found.to == rungs[place]
        elif found.action is Action.ROLLBACK:
            assert found.to == SHADOW
            assert place in {ONE, FIVE, QUARTER, LIVE}
            assert process or measures is BAD
        else:
            assert found.to is None


CHANGED = ChangeDetector(compared=9, mismatched=7, alarmed_at=NOW - 1)


@pytest.mark.parametrize(("side", "who"), [(Side.NEW, "new"), (Side.LEGACY, "legacy")])
def test_a_late_regression_is_an_alarm_of_its_own(side: Side, who: str) -> None:
    """Though all before was clean: back where new answers somebody, and at shadow the route stays and says why."""
    said = "mismatches have become more frequent than the ramp allows: "
    said += f"7 of the last 9 comparisons of requests that {who} answered"
    back = judge(case(changes={side: CHANGED}))
    stays = judge(case(SHADOW, changes={side: CHANGED}))

    assert (back.action, back.to, back.cause) == (Action.ROLLBACK, SHADOW, Cause.EVIDENCE)
    assert back.judgement.reasons == (said,)
    ends = f"at shadow {PINNED}; comparisons that agree again end the alarm, and so do an edit of its `compare:`, "
    ends += "where the difference is meant, and `banyan epoch orders --begin` once new is mended"
    ends += "; promote does not wait for it"
    assert (stays.action, stays.judgement.reasons) == (Action.STAY, (said, ends))
    assert judge(case(changes={side: replace(CHANGED, alarmed_at=None)})).action is Action.PROMOTE
    assert judge(case(changes={side: CHANGED}, ramp=None)).action is Action.STAY


@pytest.mark.parametrize("alarmed", [{"breaker": OPENED}, {"processes": (ALARM,)}, {"stuck": "new failed"}], ids=str)
@pytest.mark.parametrize(("held", "action"), [(False, Action.FREEZE), (True, Action.PAGE)])
def test_nothing_goes_back_to_a_legacy_that_is_down(alarmed: dict[str, Any], held: bool, action: Action) -> None:  # noqa: FBT001
    """The route is held where it is, and then somebody is told; once legacy answers, it goes back."""
    found = judge(case(LIVE, held=held, legacy_is_down=True, **alarmed))

    assert (found.action, found.to) == (action, None)
    assert any(reason.startswith("legacy is known to be down") for reason in found.judgement.reasons)
    own = "the hold ends by itself when new answers well again, and with `banyan resume orders`"
    assert found.judgement.reasons[-1] == (HOLD_ENDS if held else own)
    assert judge(case(LIVE, held=held, **alarmed)).action is Action.ROLLBACK


@pytest.mark.parametrize("alarmed", [{}, {"breaker": OPENED}, {"processes": (ALARM,)}], ids=str)
@pytest.mark.parametrize("legacy_is_down", [False, True])
def test_the_judges_own_hold_ends_when_new_answers_well_again(alarmed: dict[str, Any], *, legacy_is_down: bool) -> None:
    """What was raised before is over with it, whatever legacy does."""
    found = judge(case(LIVE, held=True, legacy_is_down=legacy_is_down, recovered="new is well", **alarmed))

    assert (found.action, found.to, found.cause) == (Action.RELEASE, None, Cause.LEGACY)
    assert found.judgement.reasons[0] == "new is well"


@pytest.mark.parametrize(
    "more",
    [{"measures": BAD}, {"closed": (QUIET,)}, {"guard": GuardPolicy(dry_run=True)}, {"recovered": ""}],
    ids=["mismatches", "window", "dry run", "not yet"],
)
def test_the_judges_own_hold_stays_for_a_reason(more: dict[str, Any]) -> None:
    """Mismatches that are proved, a window that stops everything, and a guard that only tells."""
    known: dict[str, Any] = {"recovered": "new is well", "legacy_is_down": True} | more

    assert judge(case(QUARTER, held=True, **known)).action is not Action.RELEASE


def test_a_legacy_that_is_down_is_no_alarm() -> None:
    """Nothing is wrong with new: the route stays, and nobody is told."""
    assert judge(case(LIVE, legacy_is_down=True)).action is Action.STAY


def test_a_breaker_says_why_it_opened() -> None:
    """Its own sentence, also when the row is over."""
    opened = FailureRow(opened_at=1.0, why="new failed 60 of 120 answers")

    assert judge(case(breaker=opened)).judgement.reasons[0] == "new failed 60 of 120 answers"


def test_an_alarm_hides_no_needs() -> None:
    """Where there is nothing to undo the needs of the next step are told all the same; the alarm keeps the route."""
    stays = judge(case(SHADOW, measures=replace(GOOD, requests=99, uncovered=3), changes={Side.NEW: CHANGED}))
    judgement = stays.judgement

    assert (stays.action, len(judgement.needs)) == (Action.STAY, 10)
    assert judgement.obstacle == judgement.reasons[0]
    assert judgement.obstacle.startswith("mismatches have become more frequent")


def test_what_keeps_a_route_is_said_in_a_clause() -> None:
    """The first need that failed, else the first that is open; where all are met, what else forbids the step; nothing
    where it is taken.
    """
    failed = judge(case(measures=replace(GOOD, requests=99, unseen=0.9, pairs=PairCounts(5_100, (("shed", 100),)))))
    short = judge(case(measures=replace(GOOD, requests=99, uncovered=3), blocked=("the budget is spent",)))
    forbidden = judge(case(blocked=("the budget is spent",)))
    latched, free = judge(case(latched=True)), judge(case())

    assert failed.judgement.obstacle == "incomparable 1.96 % of the last 5,100 pairs, needs at most 1 %"
    assert short.judgement.obstacle == "uncovered 3 shapes, needs none"
    assert forbidden.judgement.obstacle == "the budget is spent"
    assert latched.judgement.obstacle.startswith("rolled back")
    assert (free.action, free.judgement.obstacle) == (Action.PROMOTE, "")
    assert [len(each.judgement.needs) for each in (short, forbidden, latched, free)] == [12, 12, 0, 12]
