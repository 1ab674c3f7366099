"""The guard's statistic: an e-CUSUM on bad events, one process per class of event.

Rule 1: only bad events are looked at. Given that one happened, it came from new with a chance that follows from new's
        share and from how many times worse than legacy new is; trouble that hits both sides alike cancels out.
Rule 2: alternatives are tested against "new is at most 1.25 times as bad". A stretch of quiet never counts as credit
        (`max(1, M)`), so a change after a calm month is found as fast as one in the first hour.
Rule 3: an alarm means that the mean over the alternatives has reached A, the number of bad events expected within the
        budget: under the null the mean wait for a false alarm is at least A events.
Rule 4: the share may change with each event; a ramp's step restarts nothing.
Rule 5: an alarm stays until somebody clears it.
Rule 6: slow answers come together: one stall of a tenth of a second makes everything slow that was on its way. All that
        are told at once weigh as one event; a likelihood ratio to a power below 1 has a mean of at most 1 as well.
Where new serves everything there is no such share; then new is held against legacy's frozen rate (`observe_alone`).
Formulas: e-detectors, Shin, Ramdas and Rinaldo, 2022.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from math import log
from typing import NamedTuple

from proxy.core.math.confidence import Logs, bernoulli, log_mean
from proxy.core.outcome import Side

TOLERATED = 1.25
"""How many times as bad as legacy new may be."""
RATIOS = (1.6, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""The alternatives: how many times as bad it may turn out to be."""
FLOOR = 1000.0
"""The least A, for routes where bad events are rare."""
NOTHING: Logs = (0.0,) * len(RATIOS)
_DAY = 86_400.0
_LEAST, _MOST = 1e-6, 1 - 1e-6


class Bad(StrEnum):
    """The classes of bad events."""

    ERROR = "5xx"
    TIMEOUT = "timeout"
    MISMATCH = "mismatch"
    LATENCY = "latency"


HARD = (Bad.ERROR, Bad.TIMEOUT)
"""What is no answer."""


class BadEvent(NamedTuple):
    """One bad event. `cohort` is a keyed hash, `draw` in [0, 1) is that of the cohort, `at` in unix seconds.

    `unreachable`: the side was not even connected to.
    """

    bad: Bad
    side: Side
    cohort: int
    draw: float
    at: float
    unreachable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The state of one class on one route. `gap`: requests of new since its last bad event, where new is alone."""

    bad: Bad
    logs: Logs = NOTHING
    events: int = 0
    gap: int = 0
    alarmed_at: float | None = None

    @property
    def level(self) -> float:
        """The logarithm of the evidence against new."""
        return log_mean(self.logs)


def threshold(events_per_day: float, *, budget: float, processes: int = 1) -> float:
    """The logarithm of A, the evidence that is an alarm.

    `budget` in seconds: the mean time between two false alarms of all `processes` that share it, which is one per class
    and guarded route. `events_per_day` are those of this process.
    """
    return log(max(FLOOR, events_per_day * budget / _DAY) * processes)


def observe(
    process: Process, new: int, legacy: int, *, share: float, at: float, log_a: float, weight: float = 1.0
) -> Process:
    """`process` after that many bad events of each side, of which new would have `share` if it were as good as legacy.

    One event at a time is quickest; several at once, as replicas report them, reset less often and stay within budget.
    `weight` in (0, 1]: what each counts for (rule 6).
    """
    by_new, by_legacy = _steps(min(max(share, _LEAST), _MOST))
    logs = tuple(
        [
            max(0.0, old) + weight * (new * hit + legacy * miss)
            for old, hit, miss in zip(process.logs, by_new, by_legacy, strict=True)
        ]
    )
    return _after(process, logs, process.events + new + legacy, at, log_a)


@lru_cache(maxsize=4096)
def _steps(share: float) -> tuple[Logs, Logs]:
    """What a bad event of new, and one of legacy, adds for each alternative."""
    null = _of_new(share, TOLERATED)
    worse = [_of_new(share, ratio) for ratio in RATIOS]
    return tuple(bernoulli(null, chance, 1, 0) for chance in worse), tuple(
        bernoulli(null, chance, 0, 1) for chance in worse
    )


def _of_new(share: float, ratio: float) -> float:
    """The chance that a bad event is new's when new is `ratio` times as bad."""
    return share * ratio / (share * ratio + 1 - share)


def observe_alone(
    process: Process, bad: int, good: int, *, rate: float, at: float, log_a: float, as_one: bool = False
) -> Process:
    """The same where new serves everything: `rate` is the frozen share of bad answers that legacy had.

    Evidence moves once per bad event, with the good answers before it, so that A counts the same thing as elsewhere.
    `as_one`: those told at once weigh as one (rule 6).
    """
    gap = process.gap + good
    if not bad:
        return replace(process, gap=gap)
    null = min(max(rate * TOLERATED, _LEAST), 0.5)
    steps = [bernoulli(null, _worse(null, ratio), bad, gap) for ratio in RATIOS]
    if as_one:
        steps = [_as_one(step, bad, null * (bad + gap)) for step in steps]
    logs = tuple(max(old, 0.0) + each for old, each in zip(process.logs, steps, strict=True))
    return _after(replace(process, gap=0), logs, process.events + bad, at, log_a)


def _as_one(step: float, bad: int, expected: float) -> float:
    """The power is known before what happened, 1 / `expected`; where more came, what speaks against new weighs less."""
    return min(step / max(expected, 1.0), step / bad)


def _worse(null: float, ratio: float) -> float:
    """An alternative in odds, so that it stays below 1 whatever the ratio."""
    odds = null / (1 - null) * ratio / TOLERATED
    return odds / (1 + odds)


def _after(process: Process, logs: Logs, events: int, at: float, log_a: float) -> Process:
    """The next state; the mean cannot reach A before the greatest does."""
    alarmed = process.alarmed_at
    if alarmed is None and max(logs) >= log_a and log_mean(logs) >= log_a:
        alarmed = at
    return Process(bad=process.bad, logs=logs, events=events, gap=process.gap, alarmed_at=alarmed)


def alarms(processes: Iterable[Process]) -> tuple[Process, ...]:
    """Those that have raised an alarm, the first one first."""
    raised = [process for process in processes if process.alarmed_at is not None]
    return tuple(sorted(raised, key=lambda each: each.alarmed_at or 0.0))


def cleared(process: Process) -> Process:
    """The process begun anew: after an operator's `resume`, an edit, or a window in which nothing counts."""
    return Process(bad=process.bad)
