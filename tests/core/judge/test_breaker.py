from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.judge.breaker import (
    ANEW,
    FORGOTTEN,
    IN_A_ROW,
    OF_ONE_COHORT,
    ONE_LASTS,
    PATIENCE,
    FailureRow,
    answered,
    failed,
    lasting,
    opened,
    refused,
    waited,
)
from proxy.core.outcome import Side


def row(failures: int, *, cohorts: int = 2, breaker: FailureRow | None = None, unreachable: bool = False) -> FailureRow:
    breaker = breaker or FailureRow()
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

    assert breaker == FailureRow()
    assert row(1, breaker=breaker).opened_at is None


def test_it_stays_closed_while_legacy_is_down_too() -> None:
    """Going back to a legacy that does not answer helps nobody; when it answers again the row counts."""
    breaker = FailureRow()
    for at in range(20):
        breaker = failed(breaker, Side.NEW, cohort=at, at=float(at))
        breaker = failed(breaker, Side.LEGACY, cohort=at, at=float(at))

    assert breaker.opened_at is None
    assert answered(breaker, Side.LEGACY).opened_at is not None


def test_legacy_must_have_answered_since_the_row_began() -> None:
    """An answer from before says nothing about now."""
    breaker = answered(FailureRow(), Side.LEGACY)
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


def test_a_stray_failure_of_another_makes_no_row_of_two() -> None:
    """One cohort's row with one failure of another in it is still one cohort's."""
    breaker = row(IN_A_ROW, cohorts=1)
    breaker = answered(failed(breaker, Side.NEW, cohort=9, at=5.0), Side.LEGACY)

    assert breaker.opened_at is None
    assert failed(breaker, Side.NEW, cohort=9, at=5.0).opened_at == 5.0


def test_one_cohorts_row_needs_time_and_nobody_who_is_well() -> None:
    """Twenty failures within a second are one client's; with others answered well lately they are its own trouble."""
    quick, beside = FailureRow(), replace(FailureRow(), is_sole=False)
    for at in range(OF_ONE_COHORT):
        quick = answered(failed(quick, Side.NEW, cohort=1, at=at / 20), Side.LEGACY)
        beside = answered(failed(beside, Side.NEW, cohort=1, at=float(at)), Side.LEGACY)

    assert (quick.opened_at, beside.opened_at) == (None, None)
    assert failed(quick, Side.NEW, cohort=1, at=ONE_LASTS).opened_at == ONE_LASTS


def test_where_nothing_is_known_of_legacy_it_opens_after_a_while() -> None:
    """Unknown is not down; a row that is no row never opens."""
    breaker, short = FailureRow(), failed(FailureRow(), Side.NEW, cohort=1, at=0.0)
    for at in range(IN_A_ROW):
        breaker = failed(breaker, Side.NEW, cohort=at, at=at / 10)
    early, late = waited(breaker, PATIENCE - 0.1), waited(breaker, PATIENCE)

    assert (early.opened_at, late.opened_at, waited(short, 99.0).opened_at) == (None, PATIENCE, None)
    assert late.sentence == "new failed 5 times in a row, and nothing is known of legacy that speaks against going back"
    assert waited(late, 99.0) == replace(late, due_at=99.0)


def test_what_was_refused_goes_on_with_a_row_that_the_route_began() -> None:
    """Five failures of its own and then refusals: a dead new is not hidden behind them."""
    breaker = refused(row(IN_A_ROW, cohorts=1), OF_ONE_COHORT - IN_A_ROW, ONE_LASTS)

    assert refused(row(IN_A_ROW, cohorts=1), 99, 9.9).opened_at is None
    assert breaker.opened_at == ONE_LASTS


@pytest.mark.parametrize("own", [0, IN_A_ROW - 1])
def test_refusals_alone_open_nothing(own: int) -> None:
    """A route whose own requests never failed, or less often than shuts a breaker, is not moved by another's."""
    assert refused(row(own, cohorts=1), 10_000, 99.0).opened_at is None


def left_alone(breaker: FailureRow, *seconds: float, requests: int = 1) -> FailureRow:
    """So many requests at each of these seconds are refused, as all of new is left alone; legacy answers."""
    for at in seconds:
        breaker = answered(refused(breaker, requests, at, left_alone=requests), Side.LEGACY)
    return breaker


def test_a_route_that_new_is_left_alone_for_goes_back() -> None:
    """Its own requests never failed: others have found out. Five refusals, ten seconds from the first to the last."""
    breaker = left_alone(FailureRow(), 0, 2, 4, 6, 8)
    late = left_alone(breaker, 10)

    assert (breaker.opened_at, late.opened_at) == (None, 10)
    assert late.sentence == (
        "nothing could be sent to new for 10 s: its upstream is left alone (6 requests refused), while legacy answered"
    )


def test_an_upstream_that_rests_for_longer_has_to_be_asked_in_between() -> None:
    """The first rest says nothing about how new is now; after one that is followed by another, new goes back."""
    breaker = FailureRow()
    for at in range(17):
        breaker = answered(refused(breaker, 1, at, left_alone=1, lasts=lasting(15.0, 2.0)), Side.LEGACY)
    late = answered(refused(breaker, 1, 17, left_alone=1, lasts=lasting(15.0, 2.0)), Side.LEGACY)

    assert (breaker.opened_at, late.opened_at) == (None, 17)
    assert [lasting(*each) for each in ((5.0, 2.0), (1.0, 0.5), (30.0, 2.0))] == [ONE_LASTS, ONE_LASTS, 32.0]


def test_restarts_hours_apart_do_not_add_up() -> None:
    """Of what is further apart than a rest and a minute each begins anew; what is as close as that goes on."""
    apart, most = FailureRow(), ONE_LASTS + FORGOTTEN
    for hour in range(5):
        apart = left_alone(apart, 3600 * hour, 3600 * hour + 6)

    assert (apart.opened_at, apart.left_alone) == (None, 2)
    assert left_alone(FailureRow(), *(most * each for each in range(5))).opened_at == 4 * most
    assert left_alone(FailureRow(), *((most + 1) * each for each in range(9))).opened_at is None


def test_own_failures_count_among_what_is_refused() -> None:
    """A quiet route: two probes of its own and three refusals, in whatever order; four of both are too few."""
    mixed = failed(left_alone(failed(FailureRow(), Side.NEW, cohort=1, at=0), 20, 40), Side.NEW, cohort=1, at=60)

    assert mixed.opened_at is None
    assert left_alone(mixed, 80).opened_at == 80


def test_a_restart_moves_nothing() -> None:
    """Five seconds of refusals, however many: a good answer ends them, and a later restart begins anew."""
    breaker = left_alone(FailureRow(), 0, 1, 2, 3, 4, 5, requests=500)

    assert breaker.opened_at is None
    assert answered(breaker, Side.NEW) == FailureRow()
    assert left_alone(answered(breaker, Side.NEW), 60, 65, requests=500).opened_at is None


def test_what_is_refused_for_other_reasons_does_not_make_it_last() -> None:
    """A restart, and then a full queue; nor does a client whose own requests fail, before and after."""
    queued = refused(left_alone(FailureRow(), 0, 4, requests=9), 99, 30)
    own = row(IN_A_ROW - 1, cohorts=1)
    for at in (20, 25):
        own = failed(left_alone(own, 16), Side.NEW, cohort=0, at=at)

    assert answered(queued, Side.LEGACY).opened_at is None
    assert answered(own, Side.LEGACY).opened_at is None


def test_new_that_is_left_alone_goes_back_to_no_legacy_that_is_down() -> None:
    """Nothing known is as for every row: back, with another sentence."""
    down = refused(FailureRow(), 9, 0, left_alone=9)
    down = refused(failed(down, Side.LEGACY, cohort=0, at=5), 9, 10, left_alone=9)
    late = waited(down, 10)

    assert (down.is_due, down.opened_at, late.opened_at) == (True, None, 10)
    assert late.sentence == (
        "nothing could be sent to new for 10 s: its upstream is left alone (18 requests refused), and nothing is known "
        "of legacy that speaks against going back"
    )


def test_failures_told_with_good_answers_count_once_new_is_left_alone() -> None:
    """A side that dies: four failures to connect beside answers, and then a refusal; without that no more is known."""
    dying = answered(FailureRow(), Side.NEW, at=0.5, before=9, unconnected=4)
    breaker = left_alone(dying, 1)

    assert (dying.opened_at, breaker.opened_at) == (None, 1)
    assert breaker.sentence == (
        "nothing could be sent to new: 4 requests found no connection, and its upstream is left alone (1 refused), "
        "while legacy answered"
    )
    assert answered(failed(dying, Side.NEW, cohort=1, at=5, unreachable=True), Side.LEGACY).opened_at is None


@pytest.mark.parametrize("own", [1, 2, 4])
def test_routes_that_share_an_upstream_go_back_by_what_is_refused_to_them(own: int) -> None:
    """Its breaker opens before any has five failures; who found no connection itself counts refusals as well."""
    begun = row(own, cohorts=1, unreachable=True)
    few = left_alone(begun, 5, requests=IN_A_ROW - own - 1)

    assert (begun.opened_at, few.opened_at) == (None, None)
    assert left_alone(few, 6).opened_at == 6
    assert left_alone(row(own, cohorts=1), 5, 6, requests=99).opened_at is None


def test_a_connect_that_failed_long_ago_is_of_another_death() -> None:
    """A quiet route: what is refused to it now takes it back no sooner for that; nor does an earlier refusal count."""
    late = ONE_LASTS + FORGOTTEN + 1
    old = row(1, unreachable=True)

    assert left_alone(old, late, requests=99).opened_at is None
    assert left_alone(old, late - 2, requests=99).opened_at == late - 2


def test_where_nothing_is_known_of_legacy_what_is_refused_waits_as_a_row_does() -> None:
    """Five seconds, from the first refusal on where the failures came with good answers."""
    dying = refused(answered(FailureRow(), Side.NEW, at=100.0, before=4, unconnected=4), 9, 101.0, left_alone=9)

    assert waited(dying, 101.0 + PATIENCE - 0.1).opened_at is None
    assert waited(dying, 101.0 + PATIENCE).opened_at == 101.0 + PATIENCE


def test_closed_hours_of_legacy_are_said_where_they_speak_for_going_back() -> None:
    """Within them legacy answers nobody, which is no reason to stay."""
    breaker = FailureRow()
    for at in range(IN_A_ROW):
        breaker = failed(breaker, Side.NEW, cohort=at, at=at / 10)

    assert waited(breaker, PATIENCE, closed=True).sentence == "new failed 5 times in a row while legacy was closed"


def test_failures_told_with_good_answers_that_were_sent_count_for_a_new_that_is_left_alone_alone() -> None:
    """Beside steady failures they would make rows; after ten seconds of refusals they are of the five."""
    dying = answered(FailureRow(), Side.NEW, before=3)
    probed = failed(left_alone(dying, 1), Side.NEW, cohort=1, at=5, unreachable=True)

    assert answered(probed, Side.LEGACY).opened_at is None
    assert left_alone(dying, 1, 11).opened_at == 11
    assert left_alone(answered(dying, Side.NEW), 1, 11).opened_at is None


def test_an_open_breaker_keeps_its_reason() -> None:
    """Also when the row is over and another one begins."""
    opened_ = opened(row(2), "why", 7.0)
    later = failed(answered(opened_, Side.NEW), Side.NEW, cohort=1, at=9.0)

    assert (later.sentence, later.opened_at, later.row) == ("why", 7.0, 1)
    assert opened(opened_, "another", 8.0) == replace(opened_, due_at=8.0)


@pytest.mark.parametrize(
    ("well", "after", "raised"),
    [(True, ANEW, True), (True, ANEW - 1, False), (False, ANEW, False)],
    ids=["later", "soon", "the same row"],
)
def test_a_later_death_is_another_one(*, well: bool, after: float, raised: bool) -> None:
    """New was well in between, and nothing would have opened it for a while; it is open since the first one."""
    first = row(IN_A_ROW)
    again = answered(first, Side.NEW) if well else first
    for cohort in range(IN_A_ROW):
        again = answered(failed(again, Side.NEW, cohort=cohort, at=first.due_at + after), Side.LEGACY)

    assert (again.raised_at, again.opened_at) == (first.due_at + after if raised else first.raised_at, first.opened_at)
    assert again.due_at == first.due_at + after


def test_a_later_death_has_a_reason_of_its_own() -> None:
    """What opened it first is over."""
    again = answered(opened(row(2), "why", 7.0), Side.NEW)
    for cohort in range(IN_A_ROW):
        again = failed(again, Side.NEW, cohort=cohort, at=900.0)

    assert answered(again, Side.LEGACY).sentence == "new failed 5 times in a row while legacy answered"
    assert waited(again, 905.0).sentence.endswith("nothing is known of legacy that speaks against going back")
