"""The step of a route one of whose sides has closed hours: a request of a closed side is answered, and goes nowhere.

Rule 1: the other side's requests go on. One that is decided anew while it waits is not sent to the closed side either.
Rule 2: where the route lets the other side step in for what was not sent (`fallback`), and that one is open, it does.
Rule 3: a key that was used before is answered before this (`IdempotencyKind`), and nothing of a write is begun
        (`JournalKind`): a retry that comes late finds the answer that there is.
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Final

from proxy.core.outcome import Side
from proxy.core.steps.closed_hours import ClosedHours
from proxy.edge.routing.side_hours import RouteHours, SideHours, closed_answer, closed_failure
from proxy.edge.routing.tap import Tap
from proxy.edge.steps.step_kind import RouteStep, StepSaid
from proxy.edge.steps.upstream_auth_step import falls_back

if TYPE_CHECKING:
    from proxy.core.outcome import Failure
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.core.steps.closed_hours import Hours
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.routing.request import Request
    from proxy.edge.routing.step import LocalAnswer
    from proxy.edge.steps.step_kind import StepServices

_LEGACY: Final = Side.LEGACY
_NEW: Final = Side.NEW


class HoursStep(RouteStep):
    """Go on, or 503 until the window ends."""

    name = "hours"

    def __init__(self, hours: RouteHours) -> None:
        """Of one route."""
        self.hours = hours

    def __call__(self, request: Request, /) -> LocalAnswer | None:
        """Rules 1 and 2."""
        side, now = request.leg.side, time()
        other_is_closed = self._is_closed(_other(side), now)
        if other_is_closed:
            request.only = side
        closed = self.hours.closing(side, now)
        if closed is None:
            return None
        request.note(self.name, closed.name)
        if other_is_closed or not falls_back(request):
            return answer_if_closed(request)
        request.watch(ClosedTap(self.hours))
        return None

    def _is_closed(self, side: Side, now: float) -> bool:
        return self.hours.closing(side, now) is not None

    def explain(self, request: Request) -> StepSaid | None:
        """Whether its side is closed now."""
        answer = answer_if_closed(request)
        if answer is None:
            return None
        if falls_back(request) and not self._is_closed(_other(request.leg.side), time()):
            return StepSaid(f"{answer.detail}: the other side steps in")
        return StepSaid(answer.detail, answer)


class ClosedTap(Tap):
    """Has the closed side fail before it is asked, so that the other may be."""

    def __init__(self, hours: RouteHours) -> None:
        """Of the request's route."""
        self._hours = hours

    def lacks(self, leg: Leg) -> Failure | None:
        """Rule 2."""
        now, side = time(), self._hours.of(leg.side)
        closed = side.closing(now)
        return None if closed is None else closed_failure(side.upstream, closed, now)


class HoursKind:
    """Shares what is looked up, among the routes of a table."""

    policy = ClosedHours

    def __init__(self, services: StepServices) -> None:
        """It asks nobody."""
        del services
        self._sides: dict[tuple[Hours, str], SideHours] = {}

    def follow(self, snapshot: Snapshot) -> None:
        """Requests of the table before keep what they have."""
        del snapshot
        self._sides = {}

    def step_of(self, policy: ClosedHours, route: Route) -> HoursStep:
        """Of any route."""
        return HoursStep(RouteHours(self._side(policy, route, _LEGACY), self._side(policy, route, _NEW)))

    def _side(self, policy: ClosedHours, route: Route, side: Side) -> SideHours:
        hours, upstream = policy.of(side), route.upstream(side)
        found = self._sides.get((hours, upstream))
        if found is None:
            found = self._sides[hours, upstream] = SideHours(hours, upstream)
        return found


def answer_if_closed(request: Request) -> LocalAnswer | None:
    """For a request that is decided: what it gets instead of the side that is closed now."""
    hours = request.bound.hours
    if hours is None:
        return None
    now, side = time(), hours.of(request.leg.side)
    closed = side.closing(now)
    return None if closed is None else closed_answer(side.upstream, closed, now)


def _other(side: Side) -> Side:
    return _NEW if side is _LEGACY else _LEGACY
