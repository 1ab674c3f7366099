"""Medians, and ratios of rounds that stood side by side."""

from __future__ import annotations

import pytest

from bench.rounds import Round, Series, by_label, doubts, ratio


def _round(requests: int, *, cpu: float = 1.0, foreign: float = 0.2, failures: int = 1) -> Round:
    return Round(
        requests=requests, seconds=2.0, body_bytes=0, cpu=cpu, foreign=foreign, p50_us=1, p99_us=2, failures=failures
    )


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


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (_round(9, cpu=1.98, foreign=0.0, failures=0), None),
        (_round(9, cpu=1.98, foreign=0.0, failures=2), "2 requests failed"),
        (_round(9, cpu=1.0, foreign=0.0, failures=0), "the load was the limit"),
        (_round(9, cpu=1.5, foreign=0.5, failures=0), "Other work took up to 25%"),
    ],
)
def test_a_reader_is_told_what_to_doubt(one: Round, said: str | None) -> None:
    """Failures, a proxy that waited for the load, and other work on its core are each said; a quiet run is silent."""
    found = doubts([Series(label="one", rounds=(one,))])
    assert len(found) == (said is not None)
    assert said is None or said in found[0]
