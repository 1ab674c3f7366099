"""What a ramp can reach: by its own values, before any request was seen, and by what asks.

Rule 1: capacity: at shadow new carries the sample; at a split the split, and the sample of the rest. A step above the
        most of it is never reached.
Rule 2: comparisons: the earliest number, all clean, at which the limits of mismatches and of unseen shapes are proved.
Rule 3: a request is evidence three times a day. Where nearly all pairs repeat one that was, the comparisons that there
        are are a day's, and the next day brings as many.
Rule 4: a split draws cohorts, not requests: where none that asks lies below it, no number of requests brings one.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import NamedTuple

from proxy.core.amounts import share
from proxy.core.judge.capacity import most_carried
from proxy.core.judge.coverage import ALPHA as UNSEEN_ALPHA
from proxy.core.judge.policy import DAY, Needs
from proxy.core.math.confidence import ALPHA, PER_DAY, upper_bound
from proxy.core.parity.rules.pair_counts import PairCounts

_NEARLY_ALL = 0.95
_FEWEST = 20
"""Fewer pairs say nothing about what comes."""
_OFTEN = 5
"""So many requests to a cohort, and those that asked are those that ask."""
_LOOSEST = 0.2
"""A limit above this is none: then rather say that nothing is compared."""


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


class SeenCohorts(NamedTuple):
    """Cohorts that have asked: about how many, how often, and the smallest of their draws in [0, 1)."""

    number: int = 0
    requests: int = 0
    lowest: float = 1.0


NO_COHORTS_SEEN = SeenCohorts()


def is_exhausted(pairs: PairCounts) -> bool:
    """Rule 3."""
    return pairs.pairs >= _FEWEST and pairs.repeated >= _NEARLY_ALL * pairs.pairs


def daily(compared: int, since: float, now: float) -> int:
    """Comparisons a day that are evidence, of a step that began at `since` (unix seconds); days end at midnight UTC."""
    return round(compared / (int(now // DAY) - int(since // DAY) + 1))


def repeats(pairs: PairCounts, compared: int, since: float, now: float) -> str:
    """What comes a day, as a clause; empty: the pairs are not exhausted."""
    if not is_exhausted(pairs):
        return ""
    repeated = f"{share(pairs.repeated / pairs.pairs)} of the last {pairs.pairs:,} pairs"
    return (
        f"{repeated} repeat requests that count {PER_DAY} times a day at most: "
        f"about {daily(compared, since, now):,} comparisons a day come"
    )


def cure(needs: Needs, a_day: int, proved: float, route: str) -> str:
    """What to write that so many comparisons a day can meet, which have `proved` a rate of mismatches; or to order."""
    if proved > _LOOSEST:
        write = "compared: 0"
    else:
        compared = [f"compared: {a_day}"] * (a_day < needs.compared)
        rate = [f"mismatch_rate: {ceil(proved * 1000) / 10:g}%"] * (proved > needs.mismatch_rate)
        write = ", ".join((*compared, *rate))
    return f"`needs: {{ {write} }}` or `banyan promote {route}`"


def undrawn(seen: SeenCohorts, split: float) -> str:
    """Rule 4, as a clause; empty: a cohort that asks is drawn below the split, or too few requests were seen to say."""
    if not seen.number or seen.requests < _OFTEN * seen.number or seen.lowest < split:
        return ""
    who = f"none of the about {seen.number:,} cohorts seen is" if seen.number > 1 else "the one cohort seen is not"
    return f"{who} drawn below {share(split)}, the lowest is at {share(seen.lowest)}"


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
