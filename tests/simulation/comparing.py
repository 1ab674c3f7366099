"""Comparisons, drawn: how many prove a limit, how often noise is taken for a regression, how soon one is found."""

from __future__ import annotations

from math import inf
from random import Random
from statistics import median

from proxy.core.math.confidence import is_proved
from proxy.core.noise.proof import alarm, sign_evidence


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
    return sum(_found(dice, noise, noise, asked, fields=50) is not None for noise in noises)


def found_after(raw: float, noise: float, runs: int, seed: int) -> float:
    """Requests until a regression is found, at the median."""
    dice = Random(f"{seed} {raw} {noise}")
    return median(_found(dice, raw, noise, 100_000) or inf for _ in range(runs))


def _found(dice: Random, raw: float, noise: float, most: int, *, fields: int = 1) -> int | None:
    """After how many requests a regression is found, looking after each."""
    raw_only = noise_only = 0
    for asked in range(1, most + 1):
        new, itself = dice.random() < raw, dice.random() < noise
        raw_only += new > itself
        noise_only += itself > new
        if new != itself and sign_evidence(raw_only, noise_only) >= alarm(fields):
            return asked
    return None
