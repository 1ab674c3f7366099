"""Bounds before a request is admitted: rates, a connection's age, memory; and Banyan's own cookies are taken out there.

Rule 1: what is about all requests stands before the route is known, and only where it has something to do:
        `Services.admission_limits` is None otherwise, and a request asks no more. A route's own rate is a step of it.
Rule 2: rates are a worker's own, and outlive reloads that leave them as they were.
"""

from __future__ import annotations

from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from proxy.core.limits.bounds_met import Shed
from proxy.core.limits.rate import Meter
from proxy.core.routing.cohort import cohort_of
from proxy.edge.routing.admission import admit, no_room
from proxy.edge.routing.admission_steps import Admission
from proxy.edge.routing.decision import decide
from proxy.edge.routing.step import LocalAnswer

if TYPE_CHECKING:
    from proxy.core.routing.route import RateLimit
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.bound_table import Live
    from proxy.edge.routing.request import Request
    from proxy.edge.tally import Counters


class AgingClient(Protocol):
    """A client's connection, as far as it may bring only so many requests."""

    requests: int
    closing: bool
    counters: Counters


_EVERYWHERE = ""
"""Stands for the rate at the top among the names of routes."""


class AdmissionLimits:
    """One worker's, for one snapshot."""

    __slots__ = ("_all", "_requests", "counts", "meters", "refuses")

    def __init__(self, snapshot: Snapshot, before: AdmissionLimits | None) -> None:
        """`before`: the last snapshot's. `counts`: there is something to do, `refuses`: nothing is let in."""
        rates = {route.name: route.rate for route in snapshot.routes if route.rate is not None}
        if snapshot.limits.rate is not None:
            rates[_EVERYWHERE] = snapshot.limits.rate
        known = before.meters if before is not None else {}
        self.meters: dict[str, tuple[RateLimit, Meter]] = {
            name: known[name]
            if name in known and known[name][0] == rate
            else (rate, Meter(rate.requests, rate.seconds))
            for name, rate in rates.items()
        }
        self._all = self.meters.get(_EVERYWHERE)
        self._requests = snapshot.limits.requests_per_connection
        self.counts = bool(self._all or self._requests or snapshot.is_tied)
        self.refuses = False

    def compile(self, live: Live) -> None:
        """Give the routes of this table their steps."""
        for bound in live.bound:
            if bound.route.rate is not None:
                rate, meter = self.meters[bound.route.name]
                bound.admission = (decide, RouteRate(rate, meter))

    def admit(self, client: AgingClient, request: Request) -> LocalAnswer | Admission | None:
        """As `admit`, for requests that are not too many."""
        if self.refuses:
            return no_room(Shed.MEMORY)
        if self._all is not None and (wait := self._all[1].take(request.client_ip, monotonic())):
            return _too_many("from one address", wait, Shed.RATE)
        ties = request.live.ties
        if ties is not None:
            ties.take_cookies(request.head)
        admitted = admit(request)
        if not isinstance(admitted, Admission):
            self.age(client, admitted)
        return admitted

    def age(self, client: AgingClient, answer: LocalAnswer | None) -> None:
        """One request more, unless it was one too many; the last one that a connection may bring ends it."""
        if not self._requests or (answer is not None and answer.shed is Shed.ROUTE_RATE):
            return
        client.requests += 1
        if client.requests >= self._requests and not client.closing:
            client.closing = True
            client.counters.shed(Shed.REQUESTS_PER_CONNECTION)


class RouteRate:
    """The step of a route that takes only so many requests of one client, or of one cohort."""

    __slots__ = ("_meter", "_rate")

    def __init__(self, rate: RateLimit, meter: Meter) -> None:
        """`meter` outlives the table."""
        self._rate = rate
        self._meter = meter

    def __call__(self, request: Request, /) -> LocalAnswer | None:
        """Go on, or 429."""
        route, client_ip = request.bound.route, request.client_ip
        cohort = cohort_of(route.cohort, request.head, client_ip) if self._rate.by_cohort else None
        wait = self._meter.take(client_ip if cohort is None else cohort[0].prefix + cohort[1], monotonic())
        return _too_many(f"on route {route.name}", wait, Shed.ROUTE_RATE) if wait else None


def _too_many(where: str, wait: float, reason: Shed) -> LocalAnswer:
    again = b"Retry-After: %d" % max(1, ceil(wait))
    return LocalAnswer(429, f"too many requests {where}; ask again later", lines=(again,), shed=reason)
