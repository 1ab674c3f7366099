"""What a ramp can reach by its own values, before any request was seen.

Rule 1: capacity: at shadow new carries the sample; at a split the split, and the sample of the rest. A step above the
        most of it is never reached.
Rule 2: comparisons: the earliest number, all clean, at which the limits of mismatches and of unseen shapes are proved.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from proxy.core.judge.capacity import most_carried
from proxy.core.judge.coverage import ALPHA as UNSEEN_ALPHA
from proxy.core.judge.policy import Needs
from proxy.core.math.confidence import ALPHA, upper_bound


class Shortfall(NamedTuple):
    """At `split` (0: shadow) new carries `most` at the most; the next step, `to`, needs more."""

    split: float
    most: float
    to: float


def shortfall(steps: tuple[float, ...], sample: float) -> Shortfall | None:
    """The first step that this sample never lets new carry; None: each is within reach."""
    for split, to in zip((0.0, *steps), steps, strict=False):
        if (most := most_carried(split, sample)) < to:
            return Shortfall(split, most, to)
    return None


def least_sample(steps: tuple[float, ...]) -> float:
    """The smallest sample with which each step is within reach."""
    return max((to - split) / (1.0 - split) for split, to in zip((0.0, *steps), steps, strict=False))


def least_comparisons(needs: Needs) -> int:
    """How many comparisons a step really needs, if none of them differs and every shape was seen at once."""
    window = _clean(needs.coverage, UNSEEN_ALPHA)
    doubling = 1
    while window + doubling // 2 >= 2 * doubling:
        doubling *= 2
    return max(needs.compared, _clean(needs.mismatch_rate, ALPHA), window + doubling // 2)


@lru_cache(maxsize=256)
def _clean(limit: float, alpha: float) -> int:
    """The smallest number of events, none of them bad, which bound their rate by `limit`."""
    if limit >= 1.0:
        return 0
    low, high = 0, 1
    while upper_bound(high, 0, alpha) > limit:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if upper_bound(middle, 0, alpha) <= limit else (middle, high)
    return high
