from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.control.evidence.steps import MOST_STEPS, Steps
from proxy.core.evidence.fold import REPEATED
from proxy.core.evidence.records import EvidenceTally
from proxy.core.judge.ramp import ComparedCounts
from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome
from proxy.core.parity.rules.pair_counts import LEGACYS_OWN, PairCounts


def tally(minute: int, count: int, outcome: Outcome = Outcome.MATCH, **more: object) -> EvidenceTally:
    plain = EvidenceTally(route="a", epoch=1, minute=minute, shape="s", outcome=outcome, count=count)
    return replace(plain, **more)  # type: ignore[arg-type]


def test_a_step_has_its_own_counts_and_those_that_new_answered() -> None:
    """Minutes that ended and those that may still grow; repeated ones are no evidence; other steps stay apart."""
    steps = Steps()
    steps.follow(
        [tally(1, 70, step=7), tally(1, 900, step=6), tally(2, 5, Outcome.INCOMPARABLE, step=7, why="shed")],
        [
            tally(4, 3, Outcome.MISMATCH, step=7, side=Side.NEW),
            tally(4, 20, Outcome.IGNORED, step=7, side=Side.NEW),
            tally(4, 40, step=7, why=REPEATED),
            tally(5, 2, Outcome.MISMATCH, step=7),
        ],
    )

    assert steps.at(7).now.all == ComparedCounts(95, 5)
    assert steps.at(7).now.answered == ComparedCounts(23, 3)
    assert steps.at(7).now.pairs == PairCounts(140, (("shed", 5),), repeated=40)
    assert steps.at(7).now.answered_pairs == PairCounts(23)
    assert steps.at(6).now.all == ComparedCounts(900)
    assert steps.at(5).now.all == steps.at(5).lately() == ComparedCounts()


def test_bounds_look_back_to_a_power_of_two() -> None:
    """A fault of the first second is out of sight after as many clean ones, to the second for who watched."""
    steps = Steps()
    seen = []
    for clean in (0, 150, 450, 2_000):
        steps.follow([], [tally(1, 100, Outcome.MISMATCH, step=7), tally(1, clean, step=7)])
        seen.append(steps.at(7).lately())
    fresh = Steps()
    fresh.follow([], [tally(1, 100, Outcome.MISMATCH, step=7), tally(1, 2_000, step=7)])

    assert seen == [ComparedCounts(100, 100), ComparedCounts(150, 0), ComparedCounts(300, 0), ComparedCounts(1_550, 0)]
    assert fresh.at(7).lately() == ComparedCounts(2_100, 100)


def test_what_is_read_again_is_counted_once_and_the_powers_stay_known() -> None:
    """Once an hour the store is read from the beginning; what a bound looks at does not jump back by that."""
    steps = Steps()
    fault, clean = tally(1, 100, Outcome.MISMATCH, step=7), tally(1, 450, step=7)
    steps.follow([], [fault])
    steps.follow([], [fault, clean])
    again = steps.anew()
    again.follow([fault, clean], [])

    assert again.at(7).now.all == ComparedCounts(550, 100)
    assert again.at(7).lately() == steps.at(7).lately() == ComparedCounts(450, 0)


def test_how_many_steps_are_known_is_bounded() -> None:
    """The oldest go."""
    steps = Steps()
    steps.follow([], [tally(1, 1, step=step) for step in range(MOST_STEPS + 5)])
    steps.decide([])

    assert steps.at(4).now.all == ComparedCounts()
    assert steps.at(5).now.all == ComparedCounts(1)


def test_what_had_to_wait_counts_once_it_is_decided() -> None:
    """At its step, as it is now; while it waits it is nothing, and a mark that was passed stays where it was."""
    steps = Steps()
    late = tally(1, 30, Outcome.MISMATCH, step=7, side=Side.NEW)
    for clean in (100, 300):
        steps.follow([], [tally(1, clean, step=7), tally(1, 40, Outcome.UNDECIDED, step=7)])
        steps.decide([replace(late, outcome=Outcome.UNDECIDED)])
    waits = steps.at(7).now
    steps.decide([late, tally(1, 3, step=9)])

    assert (waits.all, waits.answered) == (ComparedCounts(300), ComparedCounts())
    assert (steps.at(7).now.all, steps.at(7).now.answered) == (ComparedCounts(330, 30), ComparedCounts(30, 30))
    assert steps.at(7).lately() == ComparedCounts(230, 30)
    assert steps.at(9).now.all == ComparedCounts(3)


def test_what_had_to_wait_thins_out_nothing_that_came_later() -> None:
    """A thousand that were found to be noise at last are out of sight after as many that came since."""
    steps = Steps()
    waited = tally(1, 1_000, Outcome.IGNORED, step=7)
    for late in (0, 200, 1_000, 1_400):
        steps.follow([], [tally(5, late, Outcome.MISMATCH, step=7)])
        steps.decide([waited])

    assert steps.at(7).now.all == ComparedCounts(2_400, 1_400)
    assert steps.at(7).lately() == ComparedCounts(1_200, 1_200)


def test_a_day_of_repeated_requests_has_the_share_that_could_not_be_compared() -> None:
    """Of 120 requests that come again all day, three times each as evidence, every failure of legacy's would add up."""
    steps = Steps()
    for minute in range(1_440):
        fresh = [tally(minute, 360, step=7)] if minute == 0 else []
        repeated = tally(minute, 597, step=7, why=REPEATED)
        lost = [
            tally(minute, count, Outcome.INCOMPARABLE, step=7, why=why)
            for count, why in ((3, LEGACYS_OWN), (2, "race"))
        ]
        steps.follow([*fresh, repeated, *lost], [])

    step = steps.at(7)
    assert step.now.all == ComparedCounts(360)
    assert step.now.pairs.pairs == 360 + 1_440 * 599
    for pairs in (step.now.pairs, step.pairs_lately(600.0), step.pairs_lately(86_400.0)):
        assert {reason for reason, _ in pairs.reasons} == {"race"}
        assert pairs.share == pytest.approx(2 / 599, rel=0.01)


def test_what_a_restart_cost_is_out_of_sight_after_the_time_of_a_step() -> None:
    """However much had been compared before, as many as say something came since; with fewer it is looked at on."""
    busy, quiet = Steps(), Steps()
    for minute in range(200):
        for steps, count in ((busy, 1_000), (quiet, 10)):
            steps.follow([tally(minute, count, step=7)], [])
    for steps in (busy, quiet):
        steps.follow([tally(200, 3_000, Outcome.INCOMPARABLE, step=7, why="shed")], [])
    during = busy.at(7).pairs_lately(600.0)
    for minute in range(201, 225):
        for steps, count in ((busy, 1_000), (quiet, 10)):
            steps.follow([tally(minute, count, step=7)], [])

    assert during.incomparable == busy.at(7).pairs_lately(43_200.0).incomparable == 3_000
    assert busy.at(7).pairs_lately(600.0).incomparable == 0
    assert busy.at(7).pairs_lately(600.0).pairs <= 20_000
    assert quiet.at(7).pairs_lately(600.0).incomparable == 3_000


def test_the_share_looks_back_to_a_power_of_two_of_pairs() -> None:
    """What was shed at the beginning is out of sight after as many pairs, to the second for who watched."""
    steps = Steps()
    seen = []
    shed = tally(1, 40, Outcome.INCOMPARABLE, step=7, why="shed")
    for clean in (0, 60, 300):
        steps.follow([], [shed, tally(1, clean, step=7, why=REPEATED)])
        seen.append(steps.at(7).pairs_lately(600.0))

    assert seen == [PairCounts(40, (("shed", 40),)), PairCounts(60, repeated=60), PairCounts(240, repeated=240)]
    assert steps.anew().at(7).pair_marks.passed == steps.at(7).pair_marks.passed
