"""The clients of one worker, and whether there is room for more: connections, memory, clients that are too slow.

Rule 1: a client that finds no room is told so and let go (503, Retry-After); left in the system's queue it would hang,
        while other workers may have room.
Rule 2: near the memory's ceiling nobody new is let in and no connection is kept; above, no request is taken (FT20).
Rule 3: nothing here runs per request; connections come and go through it, and once a second it looks around.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import structlog

from proxy.core.http.forwarded import is_trusted
from proxy.core.limits.bounds_met import Shed
from proxy.core.limits.ceiling import Level, next_level
from proxy.edge.client.process_memory import ceiling, give_back, resident
from proxy.edge.client.slow_clients import too_slow
from proxy.edge.routing.admission_limits import AdmissionLimits

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from proxy.edge.account.canonical_line import AccessLogWriter
    from proxy.edge.account.finished_batch import Finished
    from proxy.edge.client.slow_clients import PacedClient
    from proxy.edge.routing.bound_table import Live
    from proxy.edge.routing.byte_allowance import ByteAllowance
    from proxy.edge.shadow.shadows import Shadows
    from proxy.edge.tally import Counters

LOOK_EVERY = 1.0
"""Seconds; a request is never measured by this, only what lasts."""


class Connected(Protocol):
    """A client's connection (`downstream.py`), as far as the worker needs it."""

    deadline: float
    transport: asyncio.Transport
    peer: bytes
    closing: bool

    def expire(self, now: float) -> None:
        """`deadline` has passed."""

    def drain(self) -> None:
        """Finish what runs, then close."""

    def too_slow(self, reason: Shed, now: float) -> None:
        """End it: it sends or reads too little."""

    def refuse_connection(self, reason: Shed) -> None:
        """Answer 503 and close: there are too many connections, or there is no memory."""


class Services(Protocol):
    """The worker (`data_plane.py`), as far as a client's connection needs it."""

    live: Live
    admission_limits: AdmissionLimits | None
    """What stands before admission; None when nothing does."""
    bodies: ByteAllowance
    """Room for the bodies that steps wait for."""
    counters: Counters
    access_log: AccessLogWriter
    finished: Finished
    shadows: Shadows

    def opened(self, client: Connected) -> None:
        """A client has connected."""

    def closed(self, client: Connected) -> None:
        """A client has gone."""

    def soon(self, work: Callable[[], None]) -> None:
        """Run `work` in the loop's next turn, from a fresh stack."""


class ClientConnections:
    """`clients` are those connected now; `measure` gives the bytes of memory that the process holds."""

    __slots__ = (
        "_admission_limits",
        "_ceiling",
        "_live",
        "_look_at",
        "_peers",
        "_place",
        "clients",
        "level",
        "measure",
    )

    def __init__(self, place: Callable[[AdmissionLimits | None], None], measure: Callable[[], int] = resident) -> None:
        """Nobody is there; `place` puts limits before requests, or takes them away."""
        self._place = place
        self.clients: set[Connected] = set()
        self.level = Level.CALM
        self.measure = measure
        self._peers: dict[bytes, int] = {}
        self._admission_limits: AdmissionLimits | None = None
        self._ceiling = 0
        self._look_at = 0.0
        self._live: Live | None = None

    def follow(self, live: Live) -> None:
        """Take the bounds of this table from now on."""
        self._live = live
        self._admission_limits = AdmissionLimits(live.snapshot, self._admission_limits)
        self._ceiling = ceiling(live.snapshot.limits.memory, live.snapshot.workers)
        self._place_limits()

    def _place_limits(self) -> None:
        """Only where it has something to do."""
        limits = self._admission_limits
        if limits is not None:
            limits.refuses = self.level is Level.REFUSING
            self._place(limits if limits.counts or limits.refuses else None)

    def enter(self, client: Connected) -> Shed | None:
        """Count a client that has connected; the bound it meets, or None."""
        self.clients.add(client)
        peer = client.peer
        of_peer = self._peers[peer] = self._peers.get(peer, 0) + 1
        live = self._live
        if live is None:
            return None
        limits = live.snapshot.limits
        if len(self.clients) > limits.connections:
            return Shed.CONNECTIONS
        if self.level is not Level.CALM:
            return Shed.MEMORY
        most = limits.connections_per_client
        if most and of_peer > most and not is_trusted(peer.decode("ascii"), live.snapshot.trusted):
            return Shed.CONNECTIONS_PER_CLIENT
        return None

    def leave(self, client: Connected) -> None:
        """Count a client out."""
        self.clients.discard(client)
        left = self._peers.get(client.peer, 0) - 1
        if left > 0:
            self._peers[client.peer] = left
        else:
            self._peers.pop(client.peer, None)

    def look(self, now: float) -> None:
        """At most once in `LOOK_EVERY`: who is too slow, and how full the memory is."""
        live = self._live
        if now < self._look_at or live is None:
            return
        self._look_at = now + LOOK_EVERY
        limits = live.snapshot.limits
        for client in tuple(self.clients):
            reason = too_slow(cast("PacedClient", client), limits, now)
            if reason is not None:
                client.too_slow(reason, now)
        if self._ceiling:
            self._check_memory(self.measure())

    def _check_memory(self, used: int) -> None:
        """Rule 2; `used` in bytes."""
        level = next_level(self.level, used, self._ceiling)
        if level is not self.level:
            self.level = level
            self._place_limits()
            structlog.get_logger().warning("memory", state=level.name.lower(), used=used, ceiling=self._ceiling)
        if level is not Level.CALM:
            for client in tuple(self.clients):
                if not client.closing:
                    client.drain()
            give_back()
