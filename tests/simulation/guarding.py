"""The guard under simulated traffic: the real code, a virtual clock, seeded dice.

Legacy answers 0.5 % of 100 requests per second badly; new is `ratio` times as bad. Only bad events are simulated, at
the times at which they would happen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from random import Random
from statistics import median, quantiles

from proxy.core.judge.dedupe import Dedupe
from proxy.core.judge.guard import Bad, BadEvent, Process, observe, threshold
from proxy.core.outcome import Side

DAY = 86_400.0
HOUR = 3_600.0
RATE = 0.005
REQUESTS = 100.0
LOG_A = threshold(RATE * REQUESTS * DAY, budget=30 * DAY)
SHARES = (0.01, 0.05, 0.25, 0.5)
RATIOS = (2.0, 3.0, 10.0, 100.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """Seconds until the alarm at the median and at 95 %, and the median of new's bad answers until then."""

    half: float
    most: float
    failed: float


def events(dice: Random, share: float, ratio: float, began: float, most: float) -> Iterator[BadEvent]:
    """Bad events of both sides, each of a cohort of its own."""
    of_new = share * min(ratio * RATE, 1.0)
    rate = REQUESTS * (of_new + (1 - share) * RATE)
    chance = of_new * REQUESTS / rate
    at, cohort = began, int(began) << 32
    while (at := at + dice.expovariate(rate)) < began + most:
        cohort += 1
        yield BadEvent(Bad.ERROR, Side.NEW if dice.random() < chance else Side.LEGACY, cohort, 0.5, at)


def watched(process: Process, found: Iterator[BadEvent], share: float) -> tuple[Process, int]:
    """The process after these events, or at its alarm, and how many of them were new's."""
    dedupe, of_new = Dedupe(), 0
    for event in found:
        is_new = event.side is Side.NEW
        of_new += is_new
        if dedupe.counts(event):
            process = observe(process, int(is_new), int(not is_new), share=share, at=event.at, log_a=LOG_A)
        if process.alarmed_at is not None:
            break
    return process, of_new


def detection(share: float, ratio: float, runs: int, seed: int, *, quiet: float = 0.0) -> Detection:
    """How long a fault lasts that begins after `quiet` seconds without one; 3 hours at most."""
    dice = Random(f"{seed} {share} {ratio}")
    times, failed = [], []
    for _ in range(runs):
        calm, _ = watched(Process(bad=Bad.ERROR), events(dice, share, 1.0, 0.0, quiet), share)
        process, of_new = watched(calm, events(dice, share, ratio, quiet, 3 * HOUR), share)
        times.append(inf if process.alarmed_at is None else process.alarmed_at - quiet)
        failed.append(of_new)
    most = max(times) if inf in times else quantiles(times, n=20)[-1]
    return Detection(half=median(times), most=most, failed=median(failed))


def false_alarms(share: float, ratio: float, runs: int, seed: int) -> int:
    """In how many of so many days an alarm is raised although new is only `ratio` times as bad as legacy."""
    dice = Random(f"{seed} {share} {ratio}")
    found = 0
    for _ in range(runs):
        process, _ = watched(Process(bad=Bad.ERROR), events(dice, share, ratio, 0.0, DAY), share)
        found += process.alarmed_at is not None
    return found


def same_on_both_sides(routes: int, days: int, per_day: float, seed: int) -> int:
    """False alarms of routes whose two sides are equal, over days in which they climb a ramp from 1 % to 98 %.

    Each route has bad events of all four classes, between a third of and three times `per_day` in all.
    """
    dice = Random(seed)
    return sum(
        any(_climbs(dice, days, per_day * 3 ** dice.uniform(-1, 1) / len(Bad), routes * len(Bad)) for _ in Bad)
        for _ in range(routes)
    )


def _climbs(dice: Random, days: int, per_day: float, processes: int) -> bool:
    """Whether one class raises an alarm on the way; each step lasts a sixth of the time, the last one two."""
    log_a = threshold(per_day, budget=30 * DAY, processes=processes)
    process, steps = Process(bad=Bad.ERROR), (0.01, 0.05, 0.25, 0.5, 0.98, 0.98)
    for step, share in enumerate(steps):
        for _ in range(round(per_day * days / len(steps))):
            is_new = dice.random() < share
            process = observe(process, int(is_new), int(not is_new), share=share, at=float(step), log_a=log_a)
    return process.alarmed_at is not None
