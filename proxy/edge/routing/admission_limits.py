"""Bounds before a request is admitted: rates, a connection's age, memory; and Banyan's own cookies are taken out there.

Rule 1: what is about all requests stands before the route is known, and only where it has something to do:
        `Services.admission_limits` is None otherwise, and a request asks no more. A route's own rate is a step of it
        (`edge/steps/route_rate.py`).
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Protocol

from proxy.core.limits.bounds_met import Shed
from proxy.core.limits.rate import Meter
from proxy.edge.routing.admission import admit, no_room, too_many
from proxy.edge.routing.admission_steps import Admission

if TYPE_CHECKING:
    from proxy.core.routing.route import RateLimit
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.edge.routing.step import LocalAnswer
    from proxy.edge.tally import Counters


class AgingClient(Protocol):
    """A client's connection, as far as it may bring only so many requests."""

    requests: int
    closing: bool
    counters: Counters


class AdmissionLimits:
    """One worker's, for one snapshot."""

    __slots__ = ("_meter", "_rate", "_requests", "counts", "refuses")

    def __init__(self, snapshot: Snapshot, before: AdmissionLimits | None) -> None:
        """`before`: the last snapshot's. `counts`: there is something to do, `refuses`: nothing is let in."""
        self._rate = snapshot.limits.rate
        self._meter = _meter_of(self._rate, before)
        self._requests = snapshot.limits.requests_per_connection
        self.counts = bool(self._rate or self._requests or snapshot.is_tied)
        self.refuses = False

    def admit(self, client: AgingClient, request: Request) -> LocalAnswer | Admission | None:
        """As `admit`, for requests that are not too many."""
        if self.refuses:
            return no_room(Shed.MEMORY)
        if self._meter is not None and (wait := self._meter.take(request.client_ip, monotonic())):
            return too_many("from one address", wait, Shed.RATE)
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


def _meter_of(rate: RateLimit | None, before: AdmissionLimits | None) -> Meter | None:
    """The one of before where the rate is what it was."""
    if rate is None:
        return None
    if before is not None and before._rate == rate:  # noqa: SLF001 -- of this class
        return before._meter  # noqa: SLF001
    return Meter(rate.requests, rate.seconds)
