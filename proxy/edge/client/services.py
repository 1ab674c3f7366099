"""The worker, as a client's connection sees it, and the connection, as the worker does: the seam between the two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from proxy.core.limits.bounds_met import Shed
    from proxy.edge.account.access_log import AccessLog
    from proxy.edge.account.finished_batch import Finished
    from proxy.edge.routing.admission_limits import AdmissionLimits
    from proxy.edge.routing.bound_table import Live
    from proxy.edge.routing.byte_allowance import ByteAllowance
    from proxy.edge.shadow.shadows import Shadows
    from proxy.edge.tally import Counters


class Connected(Protocol):
    """A client's connection, as the worker sees it."""

    deadline: float
    transport: asyncio.Transport
    peer: bytes
    closing: bool

    def expire(self, now: float) -> None:
        """The deadline has passed."""

    def drain(self) -> None:
        """Finish what runs, then close."""

    def too_slow(self, reason: Shed, now: float) -> None:
        """It sends or reads too little."""

    def refuse_connection(self, reason: Shed) -> None:
        """There are too many, or no room."""


class Services(Protocol):
    """The worker, as a client's connection sees it."""

    live: Live
    admission_limits: AdmissionLimits | None
    """What stands before admission; None when nothing does."""
    bodies: ByteAllowance
    """Room for the bodies that steps wait for."""
    counters: Counters
    access_log: AccessLog
    finished: Finished
    shadows: Shadows

    def opened(self, client: Connected) -> None:
        """A client has connected."""

    def closed(self, client: Connected) -> None:
        """A client has gone."""

    def soon(self, work: Callable[[], None]) -> None:
        """Run `work` from a fresh stack."""
