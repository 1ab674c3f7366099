"""Numbers of new that follow legacy's: always so much more, or so many times as much. That is no noise.

Fractions that differ by no more than floats are rounded follow nobody: that is arithmetic in another order.
"""

from __future__ import annotations

from collections.abc import Sequence

from proxy.core.noise.measure import Measure

FINDS = 16
_FEWEST_VALUES = 3
_EQUAL = 1e-9
_SPREAD = 0.1


def tied(numbers: Sequence[tuple[float, float]]) -> tuple[Measure, float] | None:
    """How new's numbers follow legacy's in (legacy, new) pairs, None if they do not, or if there are too few."""
    if len(numbers) < FINDS or len({legacy for legacy, _ in numbers}) < _FEWEST_VALUES:
        return None
    if all(_is_rounding(legacy, new) for legacy, new in numbers):
        return None
    apart = [new - legacy for legacy, new in numbers]
    largest = max(abs(number) for pair in numbers for number in pair)
    if max(apart) - min(apart) <= _EQUAL * max(largest, 1.0):
        return Measure.APART, sum(apart) / len(apart)
    if any(legacy == 0 for legacy, _ in numbers):
        return None
    ratios = [new / legacy for legacy, new in numbers]
    mean = sum(ratios) / len(ratios)
    if max(abs(ratio - mean) for ratio in ratios) <= _SPREAD * abs(mean - 1.0):
        return Measure.RATIO, mean
    return None


def _is_rounding(legacy: float, new: float) -> bool:
    """Whether both are about the same fraction; of whole numbers, as ids and counts are, each step is one."""
    is_whole = legacy.is_integer() and new.is_integer()
    return not is_whole and abs(new - legacy) <= _EQUAL * max(abs(legacy), abs(new))
