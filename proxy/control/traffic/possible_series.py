"""Which series of the route table can happen: they exist at 0, so that an alert on an increase sees the first of each.

Rule 1: what an operator is called for exists from the start: a side's 5xx and its failures, refusals, shadows that were
        shed or failed, mismatches and what is incomparable, and the moves that the judge makes. What is well, and what
        only people or clients do, begins with its first count: each series costs every scrape about 90 bytes. So do
        refusals of a caller's token, of which there are twenty for each route; that nobody can be checked is another
        matter.
Rule 2: it follows from routes.yaml, not from where a route stands now: a route that moves finds its series there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar, assert_never

from proxy.control.traffic.ledger import FailureSeries, RefusedSeries, Series, ShadowSeries, StepAnswerSeries
from proxy.core.auth.auth_policy import RouteAuth
from proxy.core.auth.refusal import Refusal
from proxy.core.idempotency.key_policy import KeyPolicy
from proxy.core.journal.writes import Writes
from proxy.core.judge.stage_machine import TABLE, Maker
from proxy.core.outcome import Blame, Phase, Refused, Side
from proxy.core.parity.compare import Outcome
from proxy.core.position.position import Cause
from proxy.core.routing.route import Route, Upstream
from proxy.core.routing.shadow import Shadowed
from proxy.core.stage import STAGES, is_past
from proxy.core.steps.closed_hours import NEVER, hours_of
from proxy.core.steps.step_policy import StepPolicy

FAILING = "5xx"
"""The class of statuses of which every side has a series."""
_PHASES = (Phase.CONNECT, Phase.HEAD, Phase.BODY)
_BY_JUDGE = [(row.start, row.end) for row in TABLE if Maker.JUDGE in row.makers]
_UP = [(start, end) for start, end in _BY_JUDGE if STAGES.index(start) <= STAGES.index(end)]
_BACK = [(start, end) for start, end in _BY_JUDGE if STAGES.index(start) > STAGES.index(end)]
_LOST = (Shadowed.SHED, Shadowed.FAILED)
_UNLIKE = (Outcome.MISMATCH, Outcome.INCOMPARABLE)
_ALARMS = (Cause.GUARD, Cause.BREAKER)
_Key = TypeVar("_Key")


class MoveSeries(NamedTuple):
    """Moves of one route from stage to stage, by cause."""

    route: str
    start: str
    end: str
    cause: str


def with_zeros(counted: Mapping[_Key, int], possible: Iterable[_Key]) -> dict[_Key, int]:
    """What was counted, and 0 where nothing was."""
    return {**dict.fromkeys(possible, 0), **counted}


class Possible:
    """What can happen on these routes."""

    def __init__(self, routes: Iterable[Route], upstreams: Mapping[str, Upstream]) -> None:
        """`upstreams` by name: a side without one answers nobody."""
        listed = tuple(routes)
        staged = [route for route in listed if route.respond is None]
        self._stepped = [route for route in listed if route.steps]
        self._writing = {
            route.name for route in listed if any(isinstance(step, Writes | KeyPolicy) for step in route.steps)
        }
        self._sides = [
            (route.name, side.value, upstreams[route.upstream(side)])
            for route in staged
            for side in Side
            if route.upstream(side) in upstreams
        ]
        self._two_sided = [route for route in staged if all(route.upstream(side) in upstreams for side in Side)]
        self._closed = {each.name for each in self._stepped if each.fallback and hours_of(each.steps) is not NEVER}
        self._shadowed = [route.name for route in self._two_sided if route.shadow is not None]

    def answers(self) -> Iterator[Series]:
        """Who can answer, and so can fail to."""
        return (Series(name, side) for name, side, _ in self._sides)

    def failures(self) -> Iterator[FailureSeries]:
        """Failures whose blame is an upstream's, by phase."""
        blame = Blame.UPSTREAM.value
        return (FailureSeries(name, side, phase.value, blame) for name, side, _ in self._sides for phase in _PHASES)

    def refused(self) -> Iterator[RefusedSeries]:
        """What Banyan may send nowhere; without a breaker none is open; so with `auth`, `writes` and closed hours."""
        return (
            RefusedSeries(name, side, reason.value)
            for name, side, upstream in self._sides
            for reason in Refused
            if self._may_refuse(name, upstream, reason)
        )

    def _may_refuse(self, route: str, upstream: Upstream, reason: Refused) -> bool:
        match reason:
            case Refused.UPSTREAM | Refused.BREAKER:
                return upstream.breaker is not None
            case Refused.NO_TOKEN:
                return upstream.auth is not None
            case Refused.WRITE_OUTDATED:
                return route in self._writing
            case Refused.CLOSED:
                return route in self._closed
            case Refused.QUEUE | Refused.WAIT | Refused.RESOURCES | Refused.MISDIRECTED:
                return True
            case _:
                assert_never(reason)

    def step_answers(self) -> Iterator[StepAnswerSeries]:
        """What the steps of each route may answer."""
        return (
            StepAnswerSeries(route.name, reason)
            for route in self._stepped
            for step in route.steps
            if not isinstance(step, RouteAuth) or step.enforce
            for reason in _alarming(step)
        )

    def step_passes(self) -> Iterator[StepAnswerSeries]:
        """What is not enforced yet."""
        return (
            StepAnswerSeries(route.name, reason)
            for route in self._stepped
            for step in route.steps
            if isinstance(step, RouteAuth) and not step.enforce
            for reason in _alarming(step)
        )

    def shadows(self) -> Iterator[ShadowSeries]:
        """Those that came to nothing."""
        return (ShadowSeries(name, outcome.value) for name in self._shadowed for outcome in _LOST)

    def comparisons(self) -> Iterator[tuple[str, Outcome]]:
        """Those that found no agreement."""
        return ((name, outcome) for name in self._shadowed for outcome in _UNLIKE)

    def moves(self) -> Iterator[MoveSeries]:
        """The judge's: back from before the one-way door, and up where there is a ramp."""
        for route in self._two_sided:
            back = [] if route.guard.dry_run else [each for each in _BACK if not is_past(each[0], route.guard.door)]
            for start, end in back:
                causes = _ALARMS if route.ramp is None else (*_ALARMS, Cause.EVIDENCE)
                yield from (MoveSeries(route.name, start.value, end.value, cause.value) for cause in causes)
            if route.ramp is not None and not route.ramp.dry_run:
                yield from (MoveSeries(route.name, start.value, end.value, Cause.EVIDENCE.value) for start, end in _UP)


def _alarming(step: StepPolicy) -> tuple[str, ...]:
    """Rule 1: those of its answers that exist from the start."""
    return (Refusal.NO_KEYS.value,) if isinstance(step, RouteAuth) else step.answers
