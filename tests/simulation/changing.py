"""The detector of change under drawn comparisons: how soon a regression is found, and how often one that is none."""

from __future__ import annotations

from math import log
from random import Random
from statistics import median, quantiles

from proxy.core.judge.change import NO_CHANGE, ChangeDetector, Run, observe, threshold

LIMIT = 0.01
LOG_A = threshold(30 * 86_400.0)
RATES = (1.0, 0.3, 0.1, 0.05)
CLEAN = (1_000, 100_000, 10_000_000)
YEAR = 10 * 365 * 86_400
"""Comparisons in a year, ten a second."""


def comparisons(dice: Random, rate: float, number: int) -> list[Run]:
    """So many comparisons of which `rate` differ, as runs."""
    runs, left = [], number
    while left > 0:
        clean = int(log(1 - dice.random()) / log(1 - rate)) if rate < 1.0 else 0
        runs.append((min(clean, left), int(clean < left)))
        left -= clean + 1
    return runs


def found_after(rate: float, clean: int, runs: int, seed: int) -> tuple[float, float]:
    """Comparisons from a regression until its alarm, median and 95 %; before it a quarter of the limit differed."""
    dice = Random(f"{seed} {rate} {clean}")
    waits = [_wait(dice, _calm(dice, clean), rate) for _ in range(runs)]
    return median(waits), quantiles(waits, n=20)[-1]


def _calm(dice: Random, clean: int) -> ChangeDetector:
    """Of ten million, all but the last hundred thousand are one stretch: before them nothing is left in any case."""
    change = observe(NO_CHANGE, [(max(clean - 100_000, 0), 0)], limit=LIMIT, at=0.0, log_a=LOG_A)
    before = comparisons(dice, LIMIT / 4, min(clean, 100_000))
    return observe(change, before, limit=LIMIT, at=0.0, log_a=LOG_A)


def _wait(dice: Random, change: ChangeDetector, rate: float) -> int:
    waited = 0
    while change.alarmed_at is None:
        for run in comparisons(dice, rate, 50):
            change = observe(change, [run], limit=LIMIT, at=1.0, log_a=LOG_A)
            waited += sum(run)
            if change.alarmed_at is not None:
                break
    return waited


def false_alarms(rate: float, number: float, seed: int, *, log_a: float = LOG_A) -> int:
    """Alarms among so many comparisons of which `rate` differ, each forgotten at once."""
    dice, change, alarms = Random(f"{seed} {rate}"), NO_CHANGE, 0
    for _ in range(int(number * rate)):
        clean = int(log(1 - dice.random()) / log(1 - rate))
        change = observe(change, [(clean, 1)], limit=LIMIT, at=0.0, log_a=log_a)
        if change.alarmed_at is not None:
            change, alarms = NO_CHANGE, alarms + 1
    return alarms


def per_alarm(seed: int, evidence: float, number: float) -> float:
    """Comparisons at the limit between two false alarms with an A of `evidence`, in multiples of it."""
    return number / max(false_alarms(LIMIT, number, seed, log_a=log(evidence)), 1) / evidence


def show(seed: int) -> None:
    """The tables of the detector."""
    print("Comparisons until a late regression is found, median / 95 %, after 1 k, 100 k and 10 M others")
    for rate in RATES:
        cells = [found_after(rate, clean, 200, seed) for clean in CLEAN]
        print(f"  {rate:.0%} wrong: " + " | ".join(f"{half:.0f} / {most:.0f}" for half, most in cells), flush=True)
    print("False alarms in a year of ten comparisons a second, at the limit of 1 % and at half of it")
    print("  " + ", ".join(str(false_alarms(rate, YEAR, seed)) for rate in (0.01, 0.005)), flush=True)
    print("Comparisons at the limit between two false alarms, in multiples of A, by A")
    print("  " + ", ".join(f"{most:.0e}: {per_alarm(seed, most, 300 * most):.0f}" for most in (1e3, 1e4, 1e5)))
