"""What was told of one route since the last look, and the rates that legacy had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from proxy.control.fleet.gossip import RouteAnswers
from proxy.core.judge.breaker import ONE_LASTS
from proxy.core.judge.guard import HARD, Bad, BadEvent, threshold
from proxy.core.judge.legacy import LegacyHealth
from proxy.core.outcome import Side
from proxy.link.messages import CohortDelta

_HOUR, _DAY = 3600.0, 86_400.0
UNKNOWN_RATE, WEIGHT = 0.01, 1000.0
"""What legacy's share of bad answers is taken for before it was seen, and how many answers that weighs."""


@dataclass(slots=True)
class Rates:
    """What legacy was asked and failed to answer, its bad events that counted by class, since when (unix seconds)."""

    answers: int = 0
    failed: int = 0
    bad: dict[Bad, int] = field(default_factory=dict)
    since: float = 0.0

    def share(self, bad: Bad) -> float:
        """The share of answers that were bad in this way: of good ones and of what counted (route_watch.py, rule 6)."""
        counted = self.bad.get(bad, 0)
        good = self.answers - self.failed
        return (counted + UNKNOWN_RATE * WEIGHT) / (good + counted * (bad in HARD) + WEIGHT)

    def per_day(self, bad: Bad, now: float) -> float:
        """How many of them there are in a day."""
        return self.bad.get(bad, 0) / max(now - self.since, _HOUR) * _DAY


class Observed(NamedTuple):
    """One route's part of what was told since the last look. `hard` are all bad events, `events` those of its classes.

    `budget` in seconds and `processes` as for `threshold`; `probe`: what legacy's last health probe found; `slow`: the
    share of legacy's answers that are slow by definition; counted is less, as it begins when a bound is known.
    `cohorts`: some of those that new answered, where it fails; `alone_lasts`: breaker.py, rule 5;
    `is_legacy_closed`: it was within its closed hours, whatever its probe finds.
    """

    now: float
    answered: RouteAnswers
    hard: tuple[BadEvent, ...]
    events: tuple[BadEvent, ...]
    budget: float
    processes: int
    probe: LegacyHealth
    slow: float
    cohorts: tuple[CohortDelta, ...] = ()
    alone_lasts: float = ONE_LASTS
    is_legacy_closed: bool = False

    @property
    def legacy_answered(self) -> bool:
        """Whether anything says that legacy answers now."""
        told = self.answered
        return self.probe is LegacyHealth.UP or told.legacy > told.legacy_bad or told.shadow_good > 0

    def log_a(self, per_day: float) -> float:
        """The alarm's threshold for a process of so many events."""
        return threshold(per_day, budget=self.budget, processes=self.processes)


def cohorts_of_new(events: Iterable[BadEvent], *kinds: Bad) -> list[int]:
    """The cohorts of new's events of these kinds, one for each event."""
    return [event.cohort for event in events if event.side is Side.NEW and event.bad in kinds]


def no_good(cohorts: list[int], failed: int, counted: int) -> float:
    """How many of what was asked are no good answers: all that failed, but for those of the worst cohort that are not
    `counted` (route_watch.py, rule 6). `failed` may be more than was told as events, whose `cohorts` these are.
    """
    if not cohorts:
        return failed
    failed, worst = max(failed, len(cohorts)), max(Counter(cohorts).values()) / len(cohorts)
    return failed - (failed - counted) * worst


def answers_by_route(batches: Iterable[list[RouteAnswers]]) -> dict[str, RouteAnswers]:
    """By route, all replicas together."""
    found: dict[str, RouteAnswers] = {}
    for batch in batches:
        for each in batch:
            so_far = found.get(each.route)
            found[each.route] = each if so_far is None else so_far.plus(each)
    return found
