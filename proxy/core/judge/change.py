"""Whether mismatches have become more frequent than the ramp allows: a detector of change, beside the proof of a step.

Rule 1: comparisons are looked at in order, mismatches of every severity alike. Four alternatives (2 to 50 times the
        limit, in odds) are tested against "the rate is at most the limit"; each is a likelihood ratio that is reset to
        1 before a comparison when it is below (e-CUSUM): ten million clean ones are no credit for what follows.
Rule 2: an alarm means that the mean over the alternatives has reached A: at the limit itself the mean wait for a false
        alarm is at least A comparisons, and below it far longer. A is a thousand million for a budget of 30 days.
Rule 3: an alarm stands until the rate is below the limit again, found in the same way by the alternatives of
        `promotion`: with a limit of 1 %, 538 comparisons after the last mismatch.
Rule 4: comparisons of which nobody knows the order come as one: they reset less often, and stay within the budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log

from proxy.core.math.confidence import ALPHA, Logs, bernoulli, log_mean

HIGHER = (2.0, 4.0, 10.0, 50.0)
"""The alternatives: how many times the limit, in odds."""
LOWER = (0.02, 0.1, 0.25, 0.5)
"""The same for the way back, as rates."""
QUIET: Logs = (0.0, 0.0, 0.0, 0.0)
A_MONTH = 1e9
"""Comparisons, at the limit itself, between two false alarms with a budget of 30 days: 386 a second."""
_MONTH = 30 * 86_400.0
Run = tuple[int, int]
"""So many clean comparisons, and after them so many mismatches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDetector:
    """The state of one process. `alarmed_at` in unix seconds, None: all is well.

    `logs` are for an alarm, or for its end while one stands. `compared` and `mismatched` count since it was quiet last,
    until the alarm.
    """

    logs: Logs = QUIET
    compared: int = 0
    mismatched: int = 0
    alarmed_at: float | None = None


NO_CHANGE = ChangeDetector()


def threshold(budget: float) -> float:
    """The logarithm of A; `budget` in seconds."""
    return log(max(A_MONTH * budget / _MONTH, 1.0))


def observe(
    change: ChangeDetector, runs: Sequence[Run], rest: Run = (0, 0), *, limit: float, at: float, log_a: float
) -> ChangeDetector:
    """`change` after these runs, the oldest first, and then after `rest`, of which nobody knows the order."""
    if not 0.0 < limit < 1.0:
        return change if limit <= 0.0 else NO_CHANGE
    for clean, wrong in runs:
        change = _alone(_alone(change, (clean, 0), limit, at, log_a), (0, wrong), limit, at, log_a)
    return _alone(change, rest, limit, at, log_a)


def _alone(change: ChangeDetector, run: Run, limit: float, at: float, log_a: float) -> ChangeDetector:
    """After comparisons that are all alike, or that come as one."""
    if not any(run):
        return change
    clean, wrong = run
    is_alarmed = change.alarmed_at is not None
    hit, miss = _steps(limit, is_alarmed=is_alarmed)
    steps = zip(change.logs, hit, miss, strict=True)
    logs = tuple([max(old + wrong * one + clean * other, 0.0) for old, one, other in steps])
    if is_alarmed:
        return NO_CHANGE if log_mean(logs) >= -log(ALPHA) else replace(change, logs=logs)
    if not any(logs):
        return NO_CHANGE
    counts = (change.compared + clean + wrong, change.mismatched + wrong)
    if log_mean(logs) >= log_a:
        return ChangeDetector(compared=counts[0], mismatched=counts[1], alarmed_at=at)
    return ChangeDetector(logs=logs, compared=counts[0], mismatched=counts[1])


@lru_cache(maxsize=256)
def _steps(limit: float, *, is_alarmed: bool) -> tuple[Logs, Logs]:
    """What a mismatch adds for each alternative, and what a clean comparison does."""
    odds = limit / (1 - limit)
    higher = [odds * factor / (1 + odds * factor) for factor in HIGHER]
    against = [limit * factor for factor in LOWER] if is_alarmed else higher
    hits, misses = ([bernoulli(limit, chance, *one) for chance in against] for one in ((1, 0), (0, 1)))
    return tuple(hits), tuple(misses)
