from __future__ import annotations

from dataclasses import replace
from math import isclose, log
from random import Random

import pytest

from proxy.core.judge import guard
from proxy.core.judge.guard import NOTHING, RATIOS, TOLERATED, Bad, Process, observe, observe_alone, threshold

DAY = 86_400.0
LOG_A = threshold(43_200, budget=30 * DAY)


def fed(events: list[bool], share: float, log_a: float = LOG_A) -> Process:
    process = Process(bad=Bad.ERROR)
    for at, is_new in enumerate(events):
        process = observe(process, int(is_new), int(not is_new), share=share, at=float(at), log_a=log_a)
    return process


def test_one_event_moves_the_evidence_by_the_formula() -> None:
    """The first bad event of new adds log(theta_k / theta_0) for each alternative."""
    share = 0.05

    def theta(ratio: float) -> float:
        return share * ratio / (share * ratio + 1 - share)

    hit, miss = fed([True], share), fed([False], share)

    assert all(isclose(got, log(theta(ratio) / theta(TOLERATED))) for got, ratio in zip(hit.logs, RATIOS, strict=True))
    assert all(
        isclose(got, log((1 - theta(ratio)) / (1 - theta(TOLERATED))))
        for got, ratio in zip(miss.logs, RATIOS, strict=True)
    )


def test_quiet_is_no_credit() -> None:
    """After ten thousand bad events of legacy a new fault is found as fast as at once."""
    fault = [True] * 12
    calm = fed([False] * 10_000, 0.05)
    process = calm
    for _ in fault:
        process = observe(process, 1, 0, share=0.05, at=1.0, log_a=LOG_A)

    assert process.level == pytest.approx(fed(fault, 0.05).level)


def test_an_alarm_stays_and_knows_its_time() -> None:
    """Evidence that falls again, or rises further, changes nothing about an alarm."""
    process = fed([True] * 30, 0.05)
    alarmed = process.alarmed_at
    for at in range(500):
        process = observe(process, 0, 1, share=0.05, at=1000.0 + at, log_a=LOG_A)

    assert alarmed is not None
    assert alarmed < 29
    assert process.alarmed_at == alarmed
    assert process.level < LOG_A


def test_trouble_on_both_sides_cancels() -> None:
    """An outage that hits both in proportion to their share is no evidence against new."""
    dice = Random(3)

    assert fed([dice.random() < 0.05 for _ in range(20_000)], 0.05).alarmed_at is None


def test_events_at_once_count_as_one_by_one_while_evidence_grows() -> None:
    """What replicas report together is the same evidence, unless a reset lies within it."""
    at_once = observe(Process(bad=Bad.ERROR), 3, 0, share=0.1, at=0.0, log_a=LOG_A)

    assert at_once.logs == pytest.approx(fed([True] * 3, 0.1).logs)
    assert at_once.events == 3


def test_events_told_as_one_weigh_as_one() -> None:
    """One cohort's ten failures are less than ten of as many; good answers alone wait for the next bad one."""
    alone, together = (
        observe_alone(Process(bad=Bad.ERROR), 10, 10, rate=0.01, at=0.0, log_a=LOG_A, as_one=as_one)
        for as_one in (False, True)
    )
    waiting = observe_alone(together, 0, 5, rate=0.01, at=1.0, log_a=LOG_A)

    assert 0 < together.level < alone.level
    assert waiting == replace(together, gap=5)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 2.0])
def test_a_share_at_the_edge_is_no_error(share: float) -> None:
    """Nothing at all, or everything, moves evidence by a finite amount."""
    assert abs(fed([True, False], share).level) < 100


def test_alone_new_is_held_against_the_frozen_rate() -> None:
    """At 100 % ten times legacy's rate alarms, and legacy's own rate does not."""
    dice = Random(5)
    results = {}
    for ratio in (1, 10):
        process = Process(bad=Bad.TIMEOUT)
        for at in range(20_000):
            bad = int(dice.random() < 0.005 * ratio)
            process = observe_alone(process, bad, 1 - bad, rate=0.005, at=float(at), log_a=LOG_A)
        results[ratio] = process.alarmed_at

    assert results[1] is None
    assert results[10] is not None
    assert results[10] < 1000


def test_alone_good_answers_count_when_the_next_bad_one_comes() -> None:
    """Evidence moves once per bad event; the good ones before it are remembered until then."""
    waiting = observe_alone(Process(bad=Bad.ERROR), 0, 500, rate=0.01, at=0.0, log_a=LOG_A)
    after = observe_alone(waiting, 1, 0, rate=0.01, at=1.0, log_a=LOG_A)

    assert (waiting.gap, waiting.logs, waiting.events) == (500, guard.NOTHING, 0)
    assert (after.gap, after.events) == (0, 1)
    assert max(after.logs) < 0


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9, 1.0])
def test_alone_any_frozen_rate_gives_finite_evidence(rate: float) -> None:
    """A legacy that never failed, or always, is a poor baseline and still no error."""
    assert abs(observe_alone(Process(bad=Bad.ERROR), 1, 3, rate=rate, at=0.0, log_a=LOG_A).level) < 100


def test_a_is_what_happens_within_the_budget() -> None:
    """A counts the bad events of the budget, is never below its floor, and grows with the processes that share it."""
    assert threshold(43_200, budget=30 * DAY) == pytest.approx(log(1_296_000))
    assert threshold(1, budget=DAY) == pytest.approx(log(1000))
    assert threshold(1, budget=DAY, processes=50) == pytest.approx(log(50_000))


def test_alarms_come_in_their_order_and_can_be_cleared() -> None:
    """The first alarm is the first reason; a cleared process begins anew."""
    late = Process(bad=Bad.ERROR, alarmed_at=9.0, events=4)
    early = Process(bad=Bad.LATENCY, alarmed_at=3.0)

    assert guard.alarms([Process(bad=Bad.TIMEOUT), late, early]) == (early, late)
    assert guard.cleared(late) == Process(bad=Bad.ERROR)


def test_an_alarm_is_raised_by_the_mean_and_not_by_the_greatest_alternative() -> None:
    """One alternative above the threshold, the others at nothing: the mean is below it, and nothing is raised."""
    log_a = log(1000)
    process = Process(bad=Bad.ERROR, logs=(log_a + 0.5, *NOTHING[1:]))

    assert observe(process, 0, 0, share=0.5, at=1.0, log_a=log_a).alarmed_at is None
