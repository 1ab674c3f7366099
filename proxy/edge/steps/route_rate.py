"""The step of a route that takes only so many requests of one client, or of one cohort.

Rule 1: rates are a worker's own, and outlive reloads that leave them as they were.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from proxy.core.limits.bounds_met import Shed
from proxy.core.limits.rate import Meter
from proxy.core.routing.cohort import cohort_of
from proxy.core.routing.route import RateLimit
from proxy.edge.routing.admission import too_many
from proxy.edge.steps.step_kind import RouteStep, StepServices

if TYPE_CHECKING:
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.edge.routing.step import LocalAnswer


class RouteRate(RouteStep):
    """Go on, or 429."""

    __slots__ = ("_rate", "meter")

    def __init__(self, rate: RateLimit, meter: Meter) -> None:
        """`meter` outlives the table."""
        self._rate = rate
        self.meter = meter

    def __call__(self, request: Request, /) -> LocalAnswer | None:
        """By client or cohort."""
        route, client_ip = request.bound.route, request.client_ip
        cohort = cohort_of(route.cohort, request.head, client_ip) if self._rate.by_cohort else None
        wait = self.meter.take(client_ip if cohort is None else cohort[0].prefix + cohort[1], monotonic())
        return too_many(f"on route {route.name}", wait, Shed.ROUTE_RATE) if wait else None


class RateKind:
    """Keeps the meters, by route."""

    policy = RateLimit

    def __init__(self, services: StepServices) -> None:
        """There are none yet."""
        del services
        self._meters: dict[str, tuple[RateLimit, Meter]] = {}
        self._before: dict[str, tuple[RateLimit, Meter]] = {}

    def follow(self, snapshot: Snapshot) -> None:
        """What is not asked for again is forgotten."""
        del snapshot
        self._before, self._meters = self._meters, {}

    def step_of(self, policy: RateLimit, route: Route) -> RouteRate:
        """With the meter that it had, if its rate is what it was."""
        known = self._before.get(route.name)
        if known is None or known[0] != policy:
            known = (policy, Meter(policy.requests, policy.seconds))
        self._meters[route.name] = known
        return RouteRate(*known)
