from __future__ import annotations

from math import inf, isclose, log

from proxy.core.math.mixture import bernoulli, log_mean


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
