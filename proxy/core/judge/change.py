"""Whether mismatches have become more frequent than the ramp allows: a detector of change, beside the proof of a step.

Rule 1: comparisons are looked at in order, mismatches of every severity alike. Four alternatives (2 to 50 times the
        limit, in odds) are tested against "the rate is at most the limit"; each is a likelihood ratio that is reset to
        1 before a comparison when it is below (e-CUSUM): ten million clean ones are no credit for what follows.
Rule 2: an alarm means that the mean over the alternatives has reached A: at the limit itself the mean wait for a false
        alarm is at least A comparisons, and below it far longer. A is a thousand million for a budget of 30 days.
Rule 3: clean comparisons use the evidence up, and the alarm stands until nothing is left of it. It is bounded, so that
        a fault of a week is not held against new for longer than one of a minute: some two thousand clean ones with a
        limit of 1 %.
Rule 4: comparisons of which nobody knows the order come as one: they reset less often, and stay within the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

from proxy.core.judge.mixture import Logs, bernoulli, log_mean

HIGHER = (2.0, 4.0, 10.0, 50.0)
"""The alternatives: how many times the limit, in odds."""
QUIET: Logs = (0.0,) * len(HIGHER)
A_MONTH = 1e9
"""Comparisons, at the limit itself, between two false alarms with a budget of 30 days: 386 a second."""
_MONTH = 30 * 86_400.0
_LEAST, _MOST = 1e-6, 0.5
Run = tuple[int, int]
"""So many clean comparisons, and after them so many mismatches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The state of one process. `compared`, `mismatched`: since it was quiet last; `alarmed_at` in unix seconds."""

    logs: Logs = QUIET
    compared: int = 0
    mismatched: int = 0
    alarmed_at: float | None = None


NO_CHANGE = Change()


def threshold(budget: float) -> float:
    """The logarithm of A; `budget` in seconds."""
    return log(max(A_MONTH * budget / _MONTH, 1.0))


def observe(
    change: Change, runs: Sequence[Run], rest: Run = (0, 0), *, limit: float, at: float, log_a: float
) -> Change:
    """`change` after these runs, the oldest first, and then after `rest`, of which nobody knows the order."""
    if limit >= 1.0:
        return NO_CHANGE
    hit, miss = _steps(min(max(limit, _LEAST), _MOST))
    for clean, wrong in runs:
        rested = [max(old + clean * down, 0.0) for old, down in zip(change.logs, miss, strict=True)]
        logs = [old + wrong * up for old, up in zip(rested, hit, strict=True)]
        change = _after(change, (clean, wrong), logs, quiet=not any(rested), at=at, log_a=log_a)
    if any(rest):
        steps = zip(change.logs, hit, miss, strict=True)
        logs = [max(old + rest[1] * up + rest[0] * down, 0.0) for old, up, down in steps]
        change = _after(change, rest, logs, quiet=not any(change.logs), at=at, log_a=log_a)
    return change


@lru_cache(maxsize=256)
def _steps(limit: float) -> tuple[Logs, Logs]:
    """What a mismatch adds for each alternative, and what a clean comparison takes."""
    odds = limit / (1 - limit)
    worse = [odds * each / (1 + odds * each) for each in HIGHER]
    return tuple(bernoulli(limit, each, 1, 0) for each in worse), tuple(bernoulli(limit, each, 0, 1) for each in worse)


def _after(change: Change, run: Run, logs: Sequence[float], *, quiet: bool, at: float, log_a: float) -> Change:
    """The next state; `quiet`: nothing was left of the evidence before these mismatches."""
    clean, wrong = run
    alarmed = None if quiet else change.alarmed_at
    if alarmed is None and log_mean(logs) >= log_a:
        alarmed = at
    most = log_a + log(len(HIGHER))
    return Change(
        logs=tuple(min(each, most) for each in logs),
        compared=wrong if quiet else change.compared + clean + wrong,
        mismatched=wrong if quiet else change.mismatched + wrong,
        alarmed_at=alarmed,
    )
