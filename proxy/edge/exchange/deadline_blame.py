"""Whose fault it is that an exchange met its deadline, was left or asked for a name that nobody has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from proxy.core.http.long_polls import asked_to_wait, is_event_stream
from proxy.core.outcome import Blame, Failure, Phase, Refused
from proxy.core.routing.predicate import HostIs
from proxy.edge.upstream.dial import refusal

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.routing.route import Route
    from proxy.edge.exchange.client import Client
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.upstream.connection import UpstreamConnection


class OverdueExchange(Protocol):
    """An exchange, as far as its time goes."""

    leg: Leg
    head: RequestHead
    request_done: bool
    responding: bool
    total_at: float


def client_gone(*, responding: bool) -> Failure:
    """The client has left."""
    return Failure(phase=Phase.BODY if responding else Phase.SEND, blame=Blame.CLIENT, detail="client gone")


def as_declared(failure: Failure, route: Route) -> Failure:
    """A name that routes.yaml itself says for this route (`match: {host: …}`) is the upstream's to hold."""
    if failure.refused is not Refused.MISDIRECTED:
        return failure
    declared = any(isinstance(predicate, HostIs) and predicate.exact for predicate in route.predicates)
    return replace(failure, blame=Blame.UPSTREAM, refused=None) if declared else failure


def why_overdue(
    exchange: OverdueExchange, client: Client, now: float, connection: UpstreamConnection | None
) -> Failure:
    """The client's, when it neither sends nor reads; ours, when no connection became free; else the upstream's."""
    if not exchange.request_done and not client.held and now < exchange.total_at:
        return Failure(phase=Phase.SEND, blame=Blame.CLIENT, timed_out=True, detail="the body stalled")
    if exchange.responding and client.stuffed:
        return Failure(phase=Phase.BODY, blame=Blame.CLIENT, timed_out=True, detail="the client does not read")
    pool = exchange.leg.pool
    name = pool.upstream.name
    phase = Phase.BODY if exchange.responding else Phase.CONNECT if connection is None else Phase.HEAD
    if phase is Phase.CONNECT and pool.is_behind(exchange):
        detail = f"no connection to upstream {name} became free in time"
        return refusal(Refused.WAIT, detail)
    detail = f"upstream {name} took too long ({phase.value}){_cure(exchange, now, connection)}"
    return Failure(phase=phase, blame=Blame.UPSTREAM, timed_out=True, detail=detail)


def _cure(exchange: OverdueExchange, now: float, connection: UpstreamConnection | None) -> str:
    """What to write where somebody waited on purpose; empty where nobody did."""
    if connection is None:
        return ""
    timeouts, answer = exchange.leg.timeouts, connection.answer
    key, bound = ("idle", timeouts.idle) if exchange.responding else ("response", timeouts.response)
    if now >= exchange.total_at:
        key, bound = "total", timeouts.total
    if exchange.responding:
        waits = "an event stream" if answer is not None and is_event_stream(answer.lines) else ""
    else:
        asked = asked_to_wait(exchange.head.lines)
        waits = f"the client asked to wait {asked}s (Prefer)" if asked > bound else ""
    return f": {waits}, and timeout.{key} is {bound:g}s; write timeout: streaming on its route" if waits else ""
