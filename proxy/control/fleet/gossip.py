"""What replicas tell each other once a second, so that one judge sees what all of them see.

Rule 1: it is bounded: what does not fit is counted as lost, never sent later.
Rule 2: among replicas routes are called by their origins: one of them may read a file that has renamed them.
Rule 3: it may be lost altogether: evidence then comes slower, and nothing is decided by its absence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import msgspec
from msgspec.structs import replace

from proxy.core.outcome import Refused
from proxy.core.routing.shadow import Shadowed
from proxy.core.routing.state_names import Naming
from proxy.link.messages import BadDelta, CohortDelta, ComparedDelta, Report

MOST_BAD = 5_000
"""Bad events of one second of one replica, and cohorts on routes where new fails."""
MOST_COMPARED = 20_000
"""Routes, epochs, steps and sides of which comparisons wait to be told."""
_SIDES = ("legacy", "new")
_NOT_NEWS = (Refused.MISDIRECTED, Refused.CLOSED)
"""Refusals that say nothing of new: the client's own doing, and what routes.yaml says."""


class RouteAnswers(msgspec.Struct, array_like=True):
    """What both sides of one route were asked; `_bad`: and failed to answer. `shadowed` are requests sent twice.

    Of those that were to be, `shadow_shed` found no room or no answer, and `shadow_unfit` cannot be. `refused` are
    requests for new that Banyan sent nowhere, which are in no other number; `left_alone` those of them that the whole
    upstream is left alone for. `shadow_good` and `shadow_bad` are legacy's answers to shadows.
    """

    route: str
    legacy: int = 0
    legacy_bad: int = 0
    new: int = 0
    new_bad: int = 0
    shadowed: int = 0
    shadow_shed: int = 0
    shadow_unfit: int = 0
    refused: int = 0
    shadow_good: int = 0
    shadow_bad: int = 0
    left_alone: int = 0

    def plus(self, more: RouteAnswers) -> RouteAnswers:
        """The sums of both, count by count; the route is this one's."""
        counts = (getattr(self, name) + getattr(more, name) for name in _COUNTS)
        return RouteAnswers(self.route, *counts)


_COUNTS = RouteAnswers.__struct_fields__[1:]


class Gossip(msgspec.Struct, frozen=True, kw_only=True):
    """What one replica has seen since it told last; `lost` are bad events that found no room.

    `cohorts` are some of those that new answered on routes where it fails.
    """

    answered: list[RouteAnswers] = []
    bad: list[BadDelta] = []
    lost: int = 0
    compared: list[ComparedDelta] = []
    cohorts: list[CohortDelta] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Gossip).decode


def written(batch: Gossip) -> bytes:
    """As it goes to the others."""
    return _encode(batch)


def read(body: bytes) -> Gossip | None:
    """What another replica told; None when it is of another version, which then counts alone."""
    try:
        return _decode(body)
    except (msgspec.DecodeError, ValueError):
        return None


def gossip_called(batch: Gossip, naming: Naming) -> Gossip:
    """The same by other names of routes, without what is nobody's."""
    answered = ((counts, naming(counts.route)) for counts in batch.answered)
    bad = ((event, naming(event.route)) for event in batch.bad)
    compared = ((delta, naming(delta.route)) for delta in batch.compared)
    cohorts = ((delta, naming(delta.route)) for delta in batch.cohorts)
    return replace(
        batch,
        answered=[replace(each, route=name) for each, name in answered if name is not None],
        cohorts=[replace(delta, route=name) for delta, name in cohorts if name is not None],
        compared=[replace(delta, route=name) for delta, name in compared if name is not None],
        bad=[each if name == each.route else replace(each, route=name) for each, name in bad if name is not None],
    )


class Outbox:
    """Adds up what this replica's workers report, until somebody takes it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._answered: dict[str, RouteAnswers] = {}
        self._bad: list[BadDelta] = []
        self._compared: list[ComparedDelta] = []
        self._cohorts: list[CohortDelta] = []
        self._lost = 0

    def hear(self, report: Report) -> None:
        """Add one worker's increments."""
        for delta in report.routes:
            if delta.side in _SIDES:
                self._count(delta.route, delta.side, delta.asked, delta.failed)
        for shadow in report.shadows:
            self._count_shadow(self._of(shadow.route), Shadowed(shadow.outcome), shadow.count)
        for refused in report.refused:
            if refused.side == "new":
                found = self._of(refused.route)
                found.refused += refused.count * (refused.reason not in _NOT_NEWS)
                found.left_alone += refused.count * (refused.reason == Refused.UPSTREAM)
        for alive in report.alive:
            found = self._of(alive.route)
            found.shadow_good += alive.good
            found.shadow_bad += alive.failed
        self._cohorts += report.cohorts[: MOST_BAD - len(self._cohorts)]
        self.add(report.bad)
        self._lost += report.bad_lost

    def add(self, events: Iterable[BadDelta]) -> None:
        """Bad events, from workers or from the comparer."""
        for event in events:
            if len(self._bad) < MOST_BAD:
                self._bad.append(event)
            else:
                self._lost += 1

    def compare(self, deltas: Iterable[ComparedDelta]) -> None:
        """What the comparer compared. A judge that does not ask for long gets the latest, as many as are bearable."""
        self._compared += deltas
        del self._compared[:-MOST_COMPARED]

    def take(self) -> Gossip:
        """All of it, and begin anew."""
        batch = Gossip(
            answered=list(self._answered.values()),
            bad=self._bad,
            lost=self._lost,
            compared=self._compared,
            cohorts=self._cohorts,
        )
        self._answered, self._bad, self._lost, self._compared, self._cohorts = {}, [], 0, [], []
        return batch

    def _of(self, route: str) -> RouteAnswers:
        return self._answered.setdefault(route, RouteAnswers(route))

    def _count_shadow(self, found: RouteAnswers, outcome: Shadowed, count: int) -> None:
        match outcome:
            case Shadowed.SENT:
                found.shadowed += count
            case Shadowed.SHED | Shadowed.FAILED:
                found.shadow_shed += count
            case Shadowed.SKIPPED:
                found.shadow_unfit += count
            case Shadowed.CLOSED:
                pass  # it says nothing of what can be compared
            case other:
                assert_never(other)

    def _count(self, route: str, side: str, answers: int, bad: int) -> None:
        found = self._of(route)
        if side == "new":
            found.new += answers
            found.new_bad += bad
        else:
            found.legacy += answers
            found.legacy_bad += bad
