"""Whose fault it is that an exchange has met its deadline, or was left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from proxy.core.outcome import Blame, Failure, Phase, Refused
from proxy.edge.dial import refusal

if TYPE_CHECKING:
    from proxy.edge.client import Client
    from proxy.edge.live import Leg


class Late(Protocol):
    """What is to be known of an exchange."""

    leg: Leg
    request_done: bool
    responding: bool
    total_at: float


def client_gone(*, responding: bool) -> Failure:
    """The client has left."""
    return Failure(phase=Phase.BODY if responding else Phase.SEND, blame=Blame.CLIENT, detail="client gone")


def why_overdue(late: Late, client: Client, now: float, *, connected: bool) -> Failure:
    """The client's, when it neither sends nor reads; ours, when no connection became free; else the upstream's."""
    if not late.request_done and not client.held and now < late.total_at:
        return Failure(phase=Phase.SEND, blame=Blame.CLIENT, timed_out=True, detail="the body stalled")
    if late.responding and client.stuffed:
        return Failure(phase=Phase.BODY, blame=Blame.CLIENT, timed_out=True, detail="the client does not read")
    pool = late.leg.pool
    name = pool.upstream.name
    phase = Phase.BODY if late.responding else Phase.HEAD if connected else Phase.CONNECT
    if phase is Phase.CONNECT and pool.is_behind(late):
        detail = f"no connection to upstream {name} became free in time"
        return refusal(Refused.WAIT, detail)
    detail = f"upstream {name} took too long ({phase.value})"
    return Failure(phase=phase, blame=Blame.UPSTREAM, timed_out=True, detail=detail)
