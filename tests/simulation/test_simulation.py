"""The short version of `python -m tests.simulation`: fewer runs, wider tolerances, the same code."""

from __future__ import annotations

import pytest

from tests.simulation import changing, comparing, failing, guarding, learning, sparing, sticking
from tests.simulation.failing import Fault
from tests.simulation.faults import FAULTS
from tests.simulation.guarding import HOUR

SEED = 2


@pytest.mark.parametrize(
    ("share", "ratio", "seconds", "failed"),
    [
        (0.01, 10.0, 238, 12),
        (0.01, 100.0, 10, 6),
        (0.05, 3.0, 640, 52),
        (0.05, 10.0, 57, 15),
        (0.05, 100.0, 2, 7),
        (0.25, 3.0, 195, 74),
        (0.25, 10.0, 18, 23),
        (0.5, 3.0, 168, 128),
        (0.5, 10.0, 17, 43),
    ],
)
def test_a_fault_is_found_as_fast_as_designed(share: float, ratio: float, seconds: float, failed: float) -> None:
    """The median time to the alarm, and what it costs, are those of the design's table, within a third."""
    found = guarding.detection(share, ratio, 25, SEED)

    assert found.half == pytest.approx(seconds, rel=0.34, abs=1.5)
    assert found.failed == pytest.approx(failed, rel=0.34, abs=2)


def test_quiet_hours_do_not_slow_the_guard() -> None:
    """A fault after two quiet hours is found in the time that one at the start takes."""
    assert guarding.detection(0.05, 10.0, 9, SEED, quiet=2 * HOUR).half < 90


def test_twice_as_bad_at_one_per_cent_is_not_found_in_three_hours() -> None:
    """What the table leaves open is left open: so little traffic cannot tell so small a difference."""
    assert guarding.detection(0.01, 2.0, 5, SEED).half == float("inf")


def test_equal_sides_are_rolled_back_at_most_once() -> None:
    """50 routes, 30 days, four classes, up the whole ramp: at most one false rollback in all."""
    assert guarding.same_on_both_sides(50, 30, 120.0, SEED) <= 1


def test_at_the_tolerated_ratio_a_day_is_quiet() -> None:
    """1.25 times as bad is allowed: two days at each split raise no alarm."""
    assert [guarding.false_alarms(share, 1.25, 2, SEED) for share in (0.05, 0.25)] == [0, 0]


@pytest.mark.parametrize("split", [0.05, 0.25])
def test_bursty_sticky_tenants_raise_no_false_alarm(split: float) -> None:
    """Tenants that fail twenty times within a minute: none in ten days with the corrections, many without."""
    corrected = sticking.false_alarms(split, 10, 20.0, SEED, bursts=True, corrected=True)
    as_they_come = sticking.false_alarms(split, 10, 20.0, SEED, bursts=True, corrected=False)

    assert corrected == 0
    assert as_they_come >= 2


@pytest.mark.parametrize("split", [0.05, 0.25])
def test_sticky_tenants_raise_no_false_alarm(split: float) -> None:
    """The same for tenants whose failures come one by one."""
    assert sticking.false_alarms(split, 4, 20.0, SEED, bursts=False, corrected=True) == 0


@pytest.mark.parametrize(("rate", "count"), [(0.0, 538), (0.0025, 1063), (0.005, 3030)])
def test_a_limit_is_proved_by_so_many_comparisons(rate: float, count: int) -> None:
    """Exactly 538 without a mismatch; at a true 0.25 % and 0.5 % the design's medians, within a quarter."""
    assert comparing.needed(0.01, rate, 60 if rate else 1, SEED) == pytest.approx(count, rel=0.25 if rate else 0)


def test_at_the_limit_itself_proofs_are_rare() -> None:
    """In 150 runs of 1,500 comparisons, looked at after each, at most four are proved wrongly."""
    assert comparing.wrongly_proved(0.01, 150, 1500, SEED) <= 4


def test_clean_fields_are_no_regressions() -> None:
    """4,000 fields, noisy in every degree: no false alarm."""
    assert comparing.false_regressions(4000, 30, SEED) == 0


def test_a_regression_beneath_noise_is_found() -> None:
    """A field that differs in 36 % instead of 30 % is found, after some two thousand requests."""
    assert 1000 < comparing.found_after(0.36, 0.30, 11, SEED) < 4000


@pytest.mark.parametrize(("rate", "repeats", "most"), [(20, 0.1, 150), (200, 0.1, 200), (20, 0.01, 2500)])
def test_times_and_ids_are_learned_from_traffic(rate: float, repeats: float, most: int) -> None:
    """Half of the runs know a time and a random id after so many requests, without asking anybody twice."""
    runs = [learning.until_known(("$.now", "$.request_id"), rate, repeats, 2 * most, seed) for seed in range(3)]
    times, ids = zip(*runs, strict=True)

    assert max(times) <= 20
    assert sorted(ids)[1] <= most


def test_without_a_repeat_an_id_is_never_known() -> None:
    """It waits for the operator; equal sides are called different in nothing."""
    found = learning.judged(None, 20, 0.0, 150, SEED)

    assert (found.counted, found.waiting) == (0, 150)


def test_equal_sides_are_ignored_by_two_replicas() -> None:
    """Each sees half of the repeats."""
    found = learning.judged(None, 20, 0.2, 300, SEED, replicas=2)

    assert found.counted == 0
    assert found.hidden > 290


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_not_hidden(name: str) -> None:
    """Of a kind of fault, in traffic of which a tenth comes again."""
    found = learning.judged(FAULTS[name], 20, 0.1, 60, SEED)

    assert found.pairs > 0
    assert found.hidden == 0


@pytest.mark.parametrize("breaker", [False, True])
@pytest.mark.parametrize(
    ("tenants", "rate", "share", "reads"),
    [(1, 20, 0.5, False), (1, 100, 1.0, False), (5, 100, 0.5, True), (10, 20, 1.0, False), (20, 100, 0.5, False)],
)
def test_new_alone_that_fails_is_found(tenants: int, rate: int, share: float, reads: bool, breaker: bool) -> None:  # noqa: FBT001
    """Half or all of its answers, of few tenants or of one, with and without an upstream's breaker."""
    fault = Fault(tenants=tenants, rate=rate, share=share, reads=reads, breaker=breaker)

    assert failing.until_rollback(fault, SEED, most=100) is not None


def test_half_of_the_tenants_that_fail_altogether_are_found() -> None:
    """The others are well; that is no single tenant's trouble."""
    tenants = (*[sparing.Tenant(weight=1.0, new=1.0)] * 10, *[sparing.Tenant(weight=1.0)] * 10)

    assert sparing.alarms(tenants, 50, 0.1, SEED, before=60.0)


@pytest.mark.parametrize(("tenants", "weight"), [(2, 0.5), (5, 0.9), (20, 0.2)])
def test_one_tenants_own_trouble_moves_nothing(tenants: int, weight: float) -> None:
    """A quarter of an hour in which new fails one tenant altogether, and no other."""
    assert not sparing.alarms(sparing.one_in_trouble(tenants, weight), 20, 0.25, SEED, before=600.0)


@pytest.mark.parametrize("tenants", [1, 20])
def test_new_may_fail_as_often_as_legacy_did(tenants: int) -> None:
    """A third of all answers, where that is what the route has always done."""
    usual = (sparing.Tenant(weight=1.0, legacy=0.3, new=0.3),) * tenants

    assert not sparing.alarms(usual, 20, 0.25, SEED, before=600.0)


@pytest.mark.parametrize("clean", [1_000, 10_000_000])
@pytest.mark.parametrize(("rate", "half", "most"), [(1.0, 7, 60), (0.3, 26, 100), (0.1, 145, 400), (0.05, 500, 1_200)])
def test_a_late_regression_is_found_as_fast_as_after_a_short_time(
    rate: float, half: float, most: float, clean: int
) -> None:
    """However much was clean before: 60 comparisons when all are wrong, 400 when one in ten is, at 95 % of runs."""
    found = changing.found_after(rate, clean, 30, SEED)

    assert found[0] == pytest.approx(half, rel=0.25)
    assert found[1] <= most


def test_at_the_limit_the_detector_is_quiet() -> None:
    """A week of ten comparisons a second, of which 1 % differ, raises no alarm; nor does one at half of that."""
    assert [changing.false_alarms(rate, changing.YEAR / 52, SEED) for rate in (0.01, 0.005)] == [0, 0]
    assert changing.per_alarm(SEED, 1_000.0, 200_000.0) >= 1
