"""What the other side's answer means."""

from __future__ import annotations

import pytest

from proxy.core.journal.second_answer import CONFLICTS, GIVES_UP, LONGEST_WAIT, SecondOutcome, verdict_on, wait_after


def outcome(status: int, method: bytes = b"PUT", attempts: int = 1, age: float = 0.0) -> SecondOutcome:
    return verdict_on(status, "no", method=method, attempts=attempts, age=age, draw=0.0).outcome


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_yes_ends_it(status: int) -> None:
    """Any 2xx is one."""
    assert outcome(status) is SecondOutcome.DONE


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_to_be_gone_may_be_gone(status: int) -> None:
    """A DELETE that is sent twice finds nothing the second time; anything else that finds nothing has a difference."""
    assert outcome(status, b"DELETE") is SecondOutcome.DONE
    assert outcome(status) is SecondOutcome.DEAD


@pytest.mark.parametrize("status", [301, 400, 401, 412, 422])
def test_a_no_to_what_was_done_is_dead_at_once(status: int) -> None:
    """No repetition mends it."""
    assert outcome(status) is SecondOutcome.DEAD


@pytest.mark.parametrize("status", [0, 408, 423, 425, 429, 500, 502, 503])
def test_what_may_pass_is_tried_for_a_day(status: int) -> None:
    """Then it is dead as well, and says what was the matter at last."""
    assert outcome(status, attempts=100, age=GIVES_UP - 1) is SecondOutcome.LATER
    dead = verdict_on(status, "down", method=b"PUT", attempts=100, age=GIVES_UP, draw=0.0)
    assert (dead.outcome, dead.said) == (SecondOutcome.DEAD, "given up after a day; at last: down")


def test_a_conflict_may_be_with_an_earlier_attempt() -> None:
    """It is tried a few times; a conflict that stays is one of data."""
    assert outcome(409, attempts=CONFLICTS - 1) is SecondOutcome.LATER
    assert outcome(409, attempts=CONFLICTS) is SecondOutcome.DEAD


def test_waits_double_up_to_a_bound() -> None:
    """What failed together is spread over half of its wait."""
    assert [wait_after(attempts, 0.0) for attempts in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert wait_after(1000, 0.0) == LONGEST_WAIT / 2
    assert LONGEST_WAIT / 2 < wait_after(1000, 0.999) < LONGEST_WAIT
