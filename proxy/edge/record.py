"""What the canonical line says of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from proxy.core.outcome import ServedBy
from proxy.core.redact import redact_target
from proxy.edge.access_log import CanonicalLine
from proxy.edge.request_bytes import parent_of, said_beside

if TYPE_CHECKING:
    from proxy.core.decide import Decision
    from proxy.core.outcome import Failure
    from proxy.core.request import RequestHead
    from proxy.edge.admit import Answer
    from proxy.edge.live import BoundRoute, Leg, Live
    from proxy.edge.request_bytes import Ids

_LEVELS = {4: "warning", 5: "error"}


class Recorded(Protocol):
    """What the line needs of an exchange."""

    head: RequestHead
    ids: Ids
    bound: BoundRoute
    leg: Leg
    live: Live
    decision: Decision
    failure: Failure | None
    status: int
    started: float
    ended: float
    tunnel: bool
    peer: bytes
    sent: int
    received: int
    attempts: int
    fell_back: bool
    fell_back_from: Failure | None


def line_of_exchange(stamp: str, exchange: Recorded, seconds: float) -> CanonicalLine:
    """An exchange that an upstream answered, or failed to."""
    head, failure, ids, decision = exchange.head, exchange.failure, exchange.ids, exchange.decision
    trace_id = ids.trace_id.decode("ascii")
    line = CanonicalLine(
        stamp,
        "info" if failure is None and exchange.status < 500 else "error",
        "request",
        exchange.bound.route.name,
        exchange.leg.name,
        decision.reason.value,
        head.method.decode("ascii"),
        _shown_target(head) if head.query else head.target.decode("ascii"),
        exchange.status,
        int(seconds * 1_000_000) / 1000,
        exchange.sent,
        exchange.received,
        exchange.peer.decode("ascii"),
        trace_id if ids.request_id is ids.trace_id else ids.request_id.decode("latin-1"),
        head.host,
        trace_id,
        decision.draw,
        "" if failure is None else f"{failure.phase.value}:{failure.blame.value}",
        "" if failure is None else failure.detail,
        exchange.attempts,
        exchange.fell_back,
    )
    return _with_clients_ids(line, head, ids) if ids.continued or head.said_id else line


def line_of_answer(
    stamp: str, answer: Answer, head: RequestHead | None, route: str, ids: Ids, seconds: float, peer: bytes
) -> CanonicalLine:
    """A request that Banyan answered itself; `head` None when it could not be read."""
    line = CanonicalLine(
        stamp,
        _LEVELS.get(answer.status // 100, "info"),
        "request",
        route,
        ServedBy.SELF.value,
        answer.reason or "refused",
        head.method.decode("ascii") if head is not None else "",
        _shown_target(head) if head is not None else "",
        answer.status,
        int(seconds * 1_000_000) / 1000,
        0,
        0,
        peer.decode("ascii"),
        ids.request_id.decode("latin-1"),
        head.host if head is not None else "",
        ids.trace_id.decode("ascii"),
        detail=answer.detail,
    )
    return line if head is None else _with_clients_ids(line, head, ids)


def _with_clients_ids(line: CanonicalLine, head: RequestHead, ids: Ids) -> CanonicalLine:
    line.parent_id = parent_of(ids).decode("ascii")
    line.client_request_id = said_beside(head, ids).decode("ascii")
    return line


def _shown_target(head: RequestHead) -> str:
    target = head.target
    if head.query or b";" in target or b"@" in target or b"#" in target:
        target = redact_target(target)
    return target.decode("latin-1")
