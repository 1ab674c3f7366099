"""Numbers that follow others."""

from __future__ import annotations

import pytest

from proxy.core.noise.measure import Measure
from proxy.core.noise.ties import FINDS, tied

VALUES = [float(value) for value in range(10, 10 + FINDS)]


def test_a_constant_difference_is_a_tie() -> None:
    """New is always so much more."""
    assert tied([(value, value - 3.0) for value in VALUES]) == (Measure.APART, -3.0)


def test_a_constant_ratio_is_a_tie() -> None:
    """New is always so many times as much, give or take rounding."""
    found = tied([(value, round(value * 1.5, 1)) for value in VALUES])

    assert found is not None
    assert found[0] is Measure.RATIO
    assert found[1] == pytest.approx(1.5, abs=0.01)


def test_a_small_step_of_large_whole_numbers_is_a_tie() -> None:
    """An id that is always the next one is no rounding, however long it is."""
    assert tied([(value * 1e11, value * 1e11 + 1.0) for value in VALUES]) == (Measure.APART, 1.0)


@pytest.mark.parametrize(
    "numbers",
    [
        [(value, value + 1.0) for value in VALUES[:-1]],
        [(1.0, 2.0)] * FINDS,
        [(value, value * (2.0 + value % 3)) for value in VALUES],
        [(0.0, 1.0), *((value, value * 2) for value in VALUES[1:])],
        [(value / 7, value / 7 + 1e-12) for value in VALUES],
        [(value / 7, value / 7 * (1 + 1e-13)) for value in VALUES],
    ],
)
def test_what_is_no_tie(numbers: list[tuple[float, float]]) -> None:
    """Too few, too few different ones, no rule, a zero that has no ratio, or what floats round."""
    assert tied(numbers) is None
