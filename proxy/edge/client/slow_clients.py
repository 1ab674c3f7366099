"""Clients that keep a connection busy by doing next to nothing: bodies that trickle, answers that nobody reads.

Looked for once a second, so that a request pays nothing for it. Precedents: Kestrel wants 240 bytes a second, Apache's
mod_reqtimeout 500; nginx gives a client 60 seconds to take something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from proxy.core.limits.bounds_met import Shed

if TYPE_CHECKING:
    from proxy.core.routing.snapshot import Limits


class Uploading(Protocol):
    """An exchange, as far as the pace of its body matters."""

    tunnel: bool
    request_done: bool
    received: int
    expecting: bool


class PacedClient(Protocol):
    """A client's connection, as far as its pace matters."""

    started: float
    stuffed: bool
    held: bool
    pace: Pace | None

    @property
    def uploading(self) -> Uploading | None:
        """What runs."""


class Pace:
    """Where a client stood when its present wait began: bytes of its body, or -1 while it does not read."""

    __slots__ = ("at", "received", "request")

    def __init__(self, at: float, received: int, request: float) -> None:
        """`request` tells one request of a connection from the next: when it began."""
        self.at = at
        self.received = received
        self.request = request


def too_slow(client: PacedClient, limits: Limits, now: float) -> Shed | None:
    """Which bound this client has met by now."""
    exchange, pace = client.uploading, client.pace
    if exchange is not None and exchange.tunnel:
        received = None
    elif client.stuffed:
        received = -1
    elif exchange is None or exchange.request_done or client.held or not limits.body_rate:
        received = None
    elif exchange.expecting and not exchange.received:
        received = None  # it waits to be asked for its body
    else:
        received = exchange.received
    if received is None:
        client.pace = None
    elif pace is None or pace.request != client.started or (pace.received < 0) != (received < 0):
        client.pace = Pace(now, received, client.started)
    elif received < 0:
        return Shed.WRITE_TIME if now - pace.at > limits.write else None
    elif now - pace.at >= limits.body:
        client.pace = Pace(now, received, client.started)
        return Shed.BODY_RATE if received - pace.received < limits.body_rate * (now - pace.at) else None
    return None
