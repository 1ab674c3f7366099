from __future__ import annotations

from math import log
from random import Random

import pytest

from proxy.core.judge.change import A_MONTH, NO_CHANGE, ChangeDetector, Run, observe, threshold
from proxy.core.math.confidence import is_proved

MONTH = 30 * 86_400.0
LOG_A = threshold(MONTH)
LIMIT = 0.01


def after(
    change: ChangeDetector, *runs: Run, rest: Run = (0, 0), limit: float = LIMIT, log_a: float = LOG_A
) -> ChangeDetector:
    return observe(change, runs, rest, limit=limit, at=9.0, log_a=log_a)


def found_after(rate: float, clean: int, seed: int, *, most: int = 5_000) -> int:
    """Comparisons until an alarm, of which `rate` differ, after so many clean ones."""
    dice, change = Random(seed), after(NO_CHANGE, (clean, 0))
    for number in range(1, most):
        change = after(change, (0, 1) if dice.random() < rate else (1, 0))
        if change.alarmed_at is not None:
            return number
    return most


@pytest.mark.parametrize("clean", [0, 1_000, 10_000_000])
def test_a_total_failure_is_found_at_once_however_much_was_clean(clean: int) -> None:
    """Seven wrong answers in a row, after nothing and after ten million clean ones; six are no alarm yet."""
    assert after(NO_CHANGE, (clean, 6)).alarmed_at is None
    assert after(NO_CHANGE, (clean, 7)) == ChangeDetector(compared=7, mismatched=7, alarmed_at=9.0)


def test_one_wrong_answer_in_ten_is_found_within_four_hundred() -> None:
    """In each of 40 runs, after ten million clean ones."""
    assert max(found_after(0.1, 10_000_000, seed) for seed in range(40)) <= 400


def test_at_the_limit_false_alarms_are_as_rare_as_was_said() -> None:
    """The mean wait is at least A comparisons: with A at 5,000, at most 40 alarms in 200,000."""
    dice, change, alarms = Random(3), NO_CHANGE, 0
    for _ in range(200_000):
        change = after(change, (0, 1) if dice.random() < LIMIT else (1, 0), log_a=log(5_000))
        if change.alarmed_at is not None:
            change, alarms = NO_CHANGE, alarms + 1

    assert alarms <= 40


def test_clean_comparisons_are_no_credit_and_use_the_evidence_up() -> None:
    """Six wrong ones are forgotten after some thousand clean ones, and then count as if they had never been."""
    six = after(NO_CHANGE, (3, 6))

    assert (six.compared, six.mismatched) == (6, 6)
    assert (after(six, (10, 0)).compared, after(six, (10, 0)).mismatched) == (16, 6)
    assert after(six, (2_000, 0)) == NO_CHANGE
    assert after(six, (2_000, 6)) == after(NO_CHANGE, (0, 6))


def test_an_alarm_ends_when_the_limit_is_found_to_hold_again() -> None:
    """After 538 clean comparisons, as many as prove the limit of 1 %; a mismatch on the way takes that back."""
    alarmed = after(NO_CHANGE, (0, 300))

    assert is_proved(538, 0, LIMIT)
    assert not is_proved(537, 0, LIMIT)
    assert after(alarmed, (537, 0)).alarmed_at == 9.0
    assert after(alarmed, (538, 0)) == NO_CHANGE
    assert after(alarmed, (537, 1), (100, 0)).alarmed_at == 9.0
    assert after(alarmed, (537, 1), (538, 0)) == NO_CHANGE


def test_comparisons_without_an_order_weigh_as_one() -> None:
    """A hundred mismatches among as many clean ones are an alarm; at the limit they are none, whatever their number."""
    assert after(NO_CHANGE, rest=(100, 100)).alarmed_at == 9.0
    assert after(NO_CHANGE, rest=(9_900, 100)) == NO_CHANGE
    assert after(NO_CHANGE, (5, 3), rest=(0, 4)).alarmed_at == 9.0


@pytest.mark.parametrize("limit", [0.0, 1.0])
def test_limits_at_the_edge_raise_no_alarm(limit: float) -> None:
    """Where nothing may differ the need itself fails for ever, and where everything may there is nothing to find."""
    assert after(NO_CHANGE, (0, 1_000), limit=limit) == NO_CHANGE


def test_the_budget_moves_the_threshold() -> None:
    """Twice the time between false alarms is twice the evidence; none is below one."""
    assert threshold(MONTH) == pytest.approx(log(A_MONTH))
    assert threshold(2 * MONTH) == pytest.approx(log(2 * A_MONTH))
    assert threshold(0.0) == 0.0
