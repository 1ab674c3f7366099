from __future__ import annotations

from math import inf, isclose, log
from random import Random

import pytest

from proxy.core.math.confidence import (
    ALPHA,
    Repeats,
    bernoulli,
    is_proved,
    log_evidence,
    log_evidence_above,
    log_mean,
    lower_bound,
    upper_bound,
)


@pytest.mark.parametrize(("limit", "needed"), [(0.01, 538), (0.001, 5397)])
def test_so_many_clean_comparisons_prove_a_limit(limit: float, needed: int) -> None:
    """538 comparisons without a mismatch prove 1 %, 5397 prove 0.1 %, and one less does not."""
    assert is_proved(needed, 0, limit)
    assert not is_proved(needed - 1, 0, limit)


def test_the_bounds_are_where_the_proof_begins() -> None:
    """A limit above the upper bound is proved, one below it is not; the same for the lower bound, turned round."""
    upper, lower = upper_bound(10_000, 50), lower_bound(10_000, 50)

    assert lower < 0.005 < upper
    assert is_proved(10_000, 50, upper * 1.001)
    assert not is_proved(10_000, 50, upper * 0.999)
    assert log_evidence_above(10_000, 50, lower * 0.999) >= -log(ALPHA) > log_evidence_above(10_000, 50, lower * 1.001)


def test_nothing_is_known_without_comparisons() -> None:
    """No data gives the widest bounds, and so do mismatches alone on their side."""
    assert (lower_bound(0, 0), upper_bound(0, 0)) == (0.0, 1.0)
    assert upper_bound(5, 5) == 1.0
    assert lower_bound(5, 0) == 0.0
    assert 0.5 < lower_bound(20, 20) < 1.0


def test_more_comparisons_without_mismatch_narrow_the_bound() -> None:
    """The upper bound falls with every clean comparison, and never to nothing."""
    bounds = [upper_bound(compared, 0) for compared in (1, 10, 100, 1000, 1_000_000)]

    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] > 0.0
    assert len(set(bounds)) == len(bounds)


def test_the_bound_holds_at_all_times() -> None:
    """Over 60 runs of 3,000 comparisons, looked at again and again, the true rate is above the bound in none or one."""
    dice = Random(11)
    broken = 0
    for _ in range(60):
        mismatched, outside = 0, False
        for compared in range(1, 3001):
            mismatched += dice.random() < 0.02
            outside |= compared % 50 == 0 and log_evidence(compared, mismatched, 0.02) >= -log(ALPHA)
        broken += outside

    assert broken <= 2


@pytest.mark.parametrize(("limit", "proved"), [(0.0, False), (-1.0, False), (1.0, True), (2.0, True)])
def test_limits_at_the_edge(limit: float, proved: bool) -> None:  # noqa: FBT001 - a column of the table
    """That there are no mismatches at all can never be proved; that there are at most all is always true."""
    assert is_proved(1000, 0, limit) is proved


def test_a_request_counts_three_times_a_day() -> None:
    """A client that polls is no evidence after its third comparison, until the next day."""
    repeats = Repeats()

    assert [repeats.counts(1, at) for at in (0, 1, 2, 3, 86_400)] == [True, True, True, False, True]


def test_what_comes_late_is_no_evidence() -> None:
    """A comparison of the period before begins nothing anew; a clock that was set back by more does."""
    lately = Repeats(often=1, period=60.0)

    assert [lately.counts(1, at) for at in (119, 120, 119, 121, 61)] == [True, True, False, False, False]
    assert [lately.counts(1, at) for at in (1_200, 600, 601)] == [True, True, False]


def test_the_memory_of_requests_is_bounded() -> None:
    """A request that finds no place is no evidence; known ones still count."""
    repeats = Repeats(most=1)

    assert [repeats.counts(request, 0.0) for request in (1, 2, 1)] == [True, False, True]


def test_the_mean_is_that_of_the_plain_numbers() -> None:
    """In log space as outside of it."""
    assert isclose(log_mean([log(1), log(2), log(6)]), log(3))


def test_the_mean_of_huge_evidence_does_not_overflow() -> None:
    """A thousand nats and more stay finite."""
    assert isclose(log_mean([5000.0, 5000.0]), 5000.0)
    assert log_mean([1e308, -1e308]) < inf


def test_a_ratio_favours_what_happened() -> None:
    """Hits speak for the greater chance, misses for the smaller, and each in its measure."""
    assert isclose(bernoulli(0.5, 0.75, 1, 0), log(1.5))
    assert isclose(bernoulli(0.5, 0.75, 0, 2), 2 * log(0.5))
