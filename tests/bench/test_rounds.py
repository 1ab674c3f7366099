"""Medians, and ratios of rounds that stood side by side."""

from __future__ import annotations

import pytest

from bench.rounds import Round, Series, by_label, ratio


def _round(requests: int, *, seconds: float = 2.0, cpu: float = 1.0) -> Round:
    return Round(requests=requests, seconds=seconds, body_bytes=0, cpu=cpu, foreign=0.2, p50_us=1, p99_us=2, failures=1)


def test_figures_of_a_round() -> None:
    """Rate, CPU µs per request and shares of the core come from counts and seconds."""
    one = _round(50_000)
    assert one.per_second == 25_000
    assert one.cpu_us == pytest.approx(20)
    assert one.busy == 0.5
    assert one.disturbed == pytest.approx(0.1)


def test_a_round_without_requests_has_figures() -> None:
    """A proxy that answered nothing is slow, not a division by zero."""
    assert _round(0).per_second == 0
    assert _round(0).cpu_us == 1e6


def test_a_ratio_compares_neighbours() -> None:
    """When the machine slows down for one round of both, the ratio is that of the undisturbed rounds."""
    ours = Series(label="ours", rounds=tuple(_round(n) for n in (700, 70, 700)))
    theirs = Series(label="theirs", rounds=tuple(_round(n) for n in (1000, 100, 1000)))
    assert ratio(ours, theirs, lambda one: one.per_second) == pytest.approx(0.7)


def test_failures_add_up_and_medians_do_not() -> None:
    """Failed requests of all rounds count together; a figure is that of the middle round."""
    series = Series(label="one", rounds=tuple(_round(n) for n in (1, 9, 4)))
    assert series.failures == 3
    assert series.median(lambda one: one.requests) == 4


def test_a_series_is_found_by_its_label() -> None:
    """A label that was not measured gives nothing."""
    series = Series(label="nginx", rounds=())
    assert by_label([series], "nginx") is series
    assert by_label([series], "caddy") is None
