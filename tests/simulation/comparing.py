"""Comparisons, drawn: how many prove a limit, how often noise is taken for a regression, how soon one is found."""

from __future__ import annotations

from random import Random
from statistics import median

from proxy.core.judge.noise import Field, ask
from proxy.core.judge.promotion import is_proved


def needed(limit: float, rate: float, runs: int, seed: int) -> float:
    """Comparisons until the limit is proved, at the median; `rate` is the true share of mismatches."""
    dice = Random(f"{seed} {limit} {rate}")
    return median(_needed(dice, limit, rate) for _ in range(runs))


def _needed(dice: Random, limit: float, rate: float) -> int:
    compared = mismatched = 0
    while not is_proved(compared, mismatched, limit):
        compared += 1
        mismatched += dice.random() < rate
    return compared


def wrongly_proved(limit: float, runs: int, most: int, seed: int) -> int:
    """In how many runs a limit is taken for proved at which the truth stands, looking after every comparison."""
    dice = Random(f"{seed} {limit}")
    found = 0
    for _ in range(runs):
        mismatched = 0
        for compared in range(1, most + 1):
            mismatched += dice.random() < limit
            if is_proved(compared, mismatched, limit):
                found += 1
                break
    return found


def false_regressions(fields: int, asked: int, seed: int) -> int:
    """How many clean fields, noisy in every degree and 50 to a route, are taken for regressions."""
    dice = Random(seed)
    noises = (dice.random() for _ in range(fields))
    return sum(_asked(dice, noise, noise, asked, fields=50).is_regression for noise in noises)


def found_after(raw: float, noise: float, runs: int, seed: int) -> float:
    """Requests until a regression is found, at the median."""
    dice = Random(f"{seed} {raw} {noise}")
    return median(_asked(dice, raw, noise, 100_000).asked for _ in range(runs))


def _asked(dice: Random, raw: float, noise: float, most: int, *, fields: int = 1) -> Field:
    field = Field(path="$")
    while field.asked < most and not field.is_regression:
        field = ask(field, raw=dice.random() < raw, noise=dice.random() < noise, at=0.0, fields=fields)
    return field
