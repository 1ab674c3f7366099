"""Cohorts that stay where they are and fail together: where statistics that count requests go wrong.

200 tenants with log-normal traffic and log-normal rates of failure; both sides are equal. A tenant's failures come one
by one, or twenty at a time within a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from proxy.core.judge.dedupe import Baseline, Dedupe
from proxy.core.judge.guard import Bad, BadEvent, Process, observe, threshold
from proxy.core.outcome import Side
from tests.simulation.guarding import DAY, RATE

TENANTS = 200
BURST = 20
BEFORE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenants:
    """Failures per second of each tenant, and its draw."""

    rates: tuple[float, ...]
    draws: tuple[float, ...]


def tenants(dice: Random, requests: float) -> Tenants:
    """Tenants that have so many requests per second together, of which 0.5 % fail."""
    weights = [dice.lognormvariate(0, 1) * dice.lognormvariate(0, 1) for _ in range(TENANTS)]
    rates = tuple(requests * RATE * each / sum(weights) for each in weights)
    return Tenants(rates=rates, draws=tuple(dice.random() for _ in range(TENANTS)))


def failures(dice: Random, known: Tenants, split: float, seconds: float, *, bursts: bool) -> list[BadEvent]:
    """The bad events of that many seconds, in order; with a split of 0 all are legacy's."""
    found = []
    for tenant, (rate, draw) in enumerate(zip(known.rates, known.draws, strict=True)):
        side = Side.NEW if draw < split else Side.LEGACY
        at = 0.0
        while (at := at + dice.expovariate(rate / (BURST if bursts else 1))) < seconds:
            size = 1 + int(dice.expovariate(1 / (BURST - 1))) if bursts else 1
            found += [BadEvent(Bad.ERROR, side, tenant, draw, at + 60 * dice.random() * bursts) for _ in range(size)]
    return sorted(found, key=lambda event: event.at)


def false_alarms(split: float, runs: int, requests: float, seed: int, *, bursts: bool, corrected: bool) -> int:
    """In how many of so many days the guard takes a new side for worse that is not.

    `corrected`: with the cohorts' own baseline and one event per cohort and minute, as the judge does it.
    """
    dice = Random(f"{seed} {split} {bursts}")
    return sum(_alarms(dice, split, requests, bursts=bursts, corrected=corrected) for _ in range(runs))


def _alarms(dice: Random, split: float, requests: float, *, bursts: bool, corrected: bool) -> bool:
    known = tenants(dice, requests)
    share, per_day = split, requests * RATE * DAY
    if corrected:
        baseline, dedupe = Baseline(), Dedupe()
        for event in failures(dice, known, 0.0, BEFORE * DAY, bursts=bursts):
            if dedupe.counts(event):
                baseline.add(event.draw)
        share, per_day = baseline.share(split), baseline.total / BEFORE
    process, dedupe, log_a = Process(bad=Bad.ERROR), Dedupe(), threshold(per_day, budget=30 * DAY)
    for event in failures(dice, known, split, DAY, bursts=bursts):
        if not corrected or dedupe.counts(event):
            is_new = event.side is Side.NEW
            process = observe(process, int(is_new), int(not is_new), share=share, at=event.at, log_a=log_a)
    return process.alarmed_at is not None
