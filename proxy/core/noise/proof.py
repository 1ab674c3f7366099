"""Noise, proved: how far counts of repeats speak for it, and for new being worse than noise.

A request that came again, or that legacy was asked twice, shows two answers of legacy beside one of new.
Rule 1 (noise): the null is that a key changes by itself in 0.5 % of answers and moves, as a state does, at most once a
        minute on average. A key is noisy when legacy differs from itself more often than that allows.
Rule 2: near repeats prove more than distant ones. Half of the weight is on all of them, the rest on the nearest alone,
        so that a value that is not in every answer, or seldom asked for again soon, is found as well.
Rule 3 (sign test): only where exactly one of new and legacy's other answer differs from legacy's answer, something is
        learned of new. As good as another instance of legacy it does so at most as often, however noisy the key is.
Rule 4: evidence is a likelihood ratio of which the null's expectation is at most one at any time: crossing
        `1 / ALPHA` for any of a route's keys has a chance of at most `ALPHA`, however often one looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log
from typing import NamedTuple

from proxy.core.math.confidence import Logs, bernoulli, log_mean
from proxy.core.noise.measure import GAPS, TRIALS, Measure

ALPHA = 0.001
NOISY = 0.005
LASTS = 7 * 86_400.0
"""Seconds for which a proof of noise holds."""
FEWEST = 8
"""Pairs in which a key differed, before it can be noisy."""
_STATE = 60.0
"""Seconds after which a state moves, on average, at the earliest."""
_NEW_MORE_OFTEN = (0.6, 0.7, 0.8, 0.9, 0.99)
_SELF_MORE_OFTEN = (2.0, 4.0, 10.0, 40.0, 200.0)
_ALL, _NEAREST = 1 / 2, 1 / 6


class Trials(NamedTuple):
    """Of `asked` requests that legacy answered twice, `hits` in which both of rule 1 hold."""

    asked: int
    hits: int


class _Step(NamedTuple):
    """What a hit and a miss add, for each alternative."""

    hit: Logs
    miss: Logs


def _step(null: float, alternatives: tuple[float, ...]) -> _Step:
    hits = tuple(bernoulli(null, chance, 1, 0) for chance in alternatives)
    return _Step(hits, tuple(bernoulli(null, chance, 0, 1) for chance in alternatives))


def _self(null: float) -> _Step:
    return _step(null, tuple(null * ratio / (1 - null + null * ratio) for ratio in _SELF_MORE_OFTEN))


_SIGN = _step(0.5, _NEW_MORE_OFTEN)
_SELF = {measure: _self(NOISY + (1 - NOISY) * (1 - exp(-edge / _STATE))) for edge, measure in GAPS.items()}
_SELF[Measure.SECOND] = _self(NOISY)
_NO_TRIALS = Trials(0, 0)
_NEAR = TRIALS[:-2]
"""The gaps but for the longest; what was asked twice belongs to each of them."""


def alarm(keys: int) -> float:
    """The evidence that proves something of one of so many keys."""
    return log(max(keys, 1) / ALPHA)


def noise_evidence(trials: Mapping[Measure, Trials]) -> float:
    """How far repeats speak for noise: the logarithm of a likelihood ratio."""
    logs = {measure: _weigh(_SELF[measure], *trials.get(measure, _NO_TRIALS)) for measure in TRIALS}
    second = logs.pop(Measure.SECOND)
    nearest = [_sum([logs[each] for each in _NEAR[:count]] + [second]) for count in range(1, len(_NEAR) + 1)]
    parts = [(_ALL, log_mean(_sum([*logs.values(), second])))]
    parts += [(_NEAREST, log_mean(chances)) for chances in nearest]
    top = max(value for _, value in parts)
    return top + log(sum(weight * exp(value - top) for weight, value in parts))


def sign_evidence(raw_only: int, noise_only: int) -> float:
    """How far new differing alone, against legacy's other answer alone, speaks for a regression."""
    return log_mean(_weigh(_SIGN, raw_only + noise_only, raw_only))


def _weigh(step: _Step, asked: int, hits: int) -> Logs:
    misses = max(asked - hits, 0)
    return tuple(hits * hit + misses * miss for hit, miss in zip(step.hit, step.miss, strict=True))


def _sum(logs: list[Logs]) -> Logs:
    return tuple(map(sum, zip(*logs, strict=True)))
