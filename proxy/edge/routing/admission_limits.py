"""What stands before a request's admission when it is needed: rates, a connection's age, memory, Banyan's cookies.

Rule 1: it is only there when it has something to do: `Services.gate` is None otherwise, and a request asks no more.
Rule 2: rates are a worker's own, and outlive reloads that leave them as they were.
"""

from __future__ import annotations

from math import ceil
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from proxy.core.limits.bounds_met import Shed
from proxy.core.limits.rate import Meter
from proxy.core.routing.cohort import present_cohort
from proxy.edge.routing.admission import Admitted, Answer, admit, no_room

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.routing.route import RateLimit, Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.bound_table import BoundRoute, Live
    from proxy.edge.tally import Counters


class Client(Protocol):
    """A client's connection, as the gate sees it."""

    requests: int
    closing: bool
    counters: Counters


_EVERYWHERE = ""
"""Stands for the rate at the top among the names of routes."""


class Gate:
    """One worker's, for one snapshot."""

    __slots__ = ("_all", "_requests", "counts", "meters", "refuses")

    def __init__(self, snapshot: Snapshot, before: Gate | None) -> None:
        """`before` is the last snapshot's gate; `counts`: there is something to count, `refuses`: nothing is let in."""
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
        self.counts = bool(rates or self._requests or snapshot.is_tied)
        self.refuses = False

    def admit(self, client: Client, live: Live, head: RequestHead, client_ip: bytes) -> Admitted | Answer:
        """As `admit`, for requests that are not too many."""
        if self.refuses:
            return no_room(Shed.MEMORY)
        if self._all is not None and (wait := self._all[1].take(client_ip, monotonic())):
            return _too_many("from one address", wait, Shed.RATE)
        if live.ties is not None:
            live.ties.meet(head)
        admitted = admit(live, head, client_ip)
        if isinstance(admitted, tuple) and admitted[0].route.rate is not None:
            route = admitted[0].route
            if wait := self._on_route(route, head, client_ip):
                return _too_many(f"on route {route.name}", wait, Shed.ROUTE_RATE, admitted[0])
        if self._requests:
            self._age(client)
        return admitted

    def _on_route(self, route: Route, head: RequestHead, client_ip: bytes) -> float:
        """Seconds to wait, or none."""
        rate, meter = self.meters[route.name]
        found = present_cohort(route.cohort, head, client_ip) if rate.by_cohort else None
        return meter.take(client_ip if found is None else found[0].prefix + found[1], monotonic())

    def _age(self, client: Client) -> None:
        """One request more; the last one that a connection may bring ends it."""
        client.requests += 1
        if client.requests >= self._requests and not client.closing:
            client.closing = True
            client.counters.shed(Shed.REQUESTS_PER_CONNECTION)


def _too_many(where: str, wait: float, reason: Shed, bound: BoundRoute | None = None) -> Answer:
    again = b"Retry-After: %d" % max(1, ceil(wait))
    return Answer(429, f"too many requests {where}; ask again later", bound, lines=(again,), shed=reason)
