from __future__ import annotations

import pytest

from proxy.core.reconcile.pace import pause, piece


@pytest.mark.parametrize(("rate", "rows"), [(0, 10_000), (1_000_000, 10_000), (20_000, 400), (50, 100)])
def test_ranges_are_small_for_the_rate(rate: int, rows: int) -> None:
    """Fifty a second, none smaller than a hundred rows, none larger than was said."""
    assert piece(10_000, rate) == rows


@pytest.mark.parametrize(
    ("rows", "rate", "taken", "seconds"), [(1000, 0, 0.0, 0.0), (1000, 2000, 0.1, 0.4), (1000, 2000, 0.6, 0.0)]
)
def test_a_pause_makes_up_the_time_that_rows_may_take(rows: int, rate: int, taken: float, seconds: float) -> None:
    """What took longer than it may is not made up for."""
    assert pause(rows, rate, taken) == pytest.approx(seconds)
