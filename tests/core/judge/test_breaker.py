from __future__ import annotations

from proxy.core.judge.breaker import IN_A_ROW, OF_ONE_COHORT, Breaker, answered, failed
from proxy.core.outcome import Side


def row(failures: int, *, cohorts: int = 2, breaker: Breaker | None = None, unreachable: bool = False) -> Breaker:
    breaker = breaker or Breaker()
    for at in range(failures):
        breaker = failed(breaker, Side.NEW, cohort=at % cohorts, at=float(at), unreachable=unreachable)
        breaker = answered(breaker, Side.LEGACY)
    return breaker


def test_five_hard_failures_in_a_row_open_it() -> None:
    """Four do not; the fifth does, at its time."""
    assert row(IN_A_ROW - 1).opened_at is None
    assert row(IN_A_ROW).opened_at is not None


def test_one_answer_of_new_ends_the_row() -> None:
    """Failures with an answer between them are the guard's business."""
    breaker = answered(row(IN_A_ROW - 1), Side.NEW)

    assert breaker == Breaker()
    assert row(1, breaker=breaker).opened_at is None


def test_it_stays_closed_while_legacy_is_down_too() -> None:
    """Going back to a legacy that does not answer helps nobody; when it answers again the row counts."""
    breaker = Breaker()
    for at in range(20):
        breaker = failed(breaker, Side.NEW, cohort=at, at=float(at))
        breaker = failed(breaker, Side.LEGACY, cohort=at, at=float(at))

    assert breaker.opened_at is None
    assert answered(breaker, Side.LEGACY).opened_at is not None


def test_legacy_must_have_answered_since_the_row_began() -> None:
    """An answer from before says nothing about now."""
    breaker = answered(Breaker(), Side.LEGACY)
    for at in range(IN_A_ROW):
        breaker = failed(breaker, Side.NEW, cohort=at, at=float(at))

    assert breaker.opened_at is None


def test_one_cohort_may_have_itself_to_blame() -> None:
    """A client that repeats a request which nobody can answer needs four times the row."""
    assert row(OF_ONE_COHORT - 1, cohorts=1).opened_at is None
    assert row(OF_ONE_COHORT, cohorts=1).opened_at is not None


def test_no_connection_is_nobodys_request() -> None:
    """A new side that cannot be reached opens it whoever asked, unless one failure of the row was of another kind."""
    mixed = row(IN_A_ROW - 1, cohorts=1, breaker=row(1, cohorts=1), unreachable=True)

    assert row(IN_A_ROW, cohorts=1, unreachable=True).opened_at is not None
    assert mixed.opened_at is None


def test_an_open_breaker_stays_open() -> None:
    """Answers of either side, and the next failure, leave it open since the same time."""
    opened = row(IN_A_ROW)
    later = answered(answered(opened, Side.NEW), Side.LEGACY)
    later = failed(later, Side.NEW, cohort=1, at=99.0)

    assert later.opened_at == opened.opened_at
    assert row(IN_A_ROW, breaker=later).opened_at == opened.opened_at
