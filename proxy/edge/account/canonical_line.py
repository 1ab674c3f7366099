"""What the canonical line says of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from proxy.core.http.leniency_hints import of_request, of_response
from proxy.core.http.redact import redact_target
from proxy.core.outcome import CLIENT_GONE, Blame, ServedBy
from proxy.edge.account.line_shape import CanonicalLine
from proxy.edge.wire.request_bytes import parent_of, said_beside

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.outcome import Failure
    from proxy.core.routing.decide import Decision
    from proxy.edge.account.own_answer import OwnAnswer
    from proxy.edge.routing.bound_table import BoundRoute, Leg, Live
    from proxy.edge.wire.request_bytes import Ids

_LEVELS = {4: "warning", 5: "error"}
_BAD: Final = 500


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
    address: bytes
    sent: int
    received: int
    attempts: int
    fell_back: bool
    fell_back_from: Failure | None


def line_of_exchange(stamp: str, exchange: Recorded, seconds: float) -> CanonicalLine:
    """An exchange that an upstream answered, or failed to."""
    head, failure, ids, decision = exchange.head, exchange.failure, exchange.ids, exchange.decision
    trace_id = ids.trace_id.decode("ascii")
    status, address, peer = exchange.status, exchange.address, exchange.peer
    line = CanonicalLine(
        stamp,
        "info" if failure is None and status < _BAD else _level(status, failure),
        "request",
        exchange.bound.route.name,
        exchange.leg.name,
        decision.reason.value,
        head.method.decode("ascii"),
        _shown_target(head),
        status,
        int(seconds * 1_000_000) / 1000,
        exchange.sent,
        exchange.received,
        address.decode("ascii"),
        trace_id if ids.request_id is ids.trace_id else ids.request_id.decode("latin-1"),
        "" if address == peer else peer.decode("ascii"),
        head.host,
        trace_id,
        decision.draw,
        attempts=exchange.attempts,
    )
    if failure is not None:
        _add_failure(line, failure)
    if line.attempts > 1:
        line.fallback = exchange.fell_back
    return line if head.plain else _with_clients_ids(line, head, ids)


def _add_failure(line: CanonicalLine, failure: Failure) -> None:
    line.failure, line.detail = f"{failure.phase.value}:{failure.blame.value}", of_response(failure.detail)
    if failure.refused is not None:
        line.refused, line.side = failure.refused.value, ServedBy.SELF.value


def _level(status: int, failure: Failure | None) -> str:
    """A client that left is no error of anybody's, and what else a client did is a warning, as where Banyan refuses."""
    if failure is None:
        return "info" if status < _BAD else "error"
    if failure.blame is not Blame.CLIENT:
        return "error"
    return "info" if status == CLIENT_GONE else "warning"


def line_of_answer(stamp: str, own: OwnAnswer, route: str) -> CanonicalLine:
    """A request that Banyan answered itself."""
    answer, head, ids = own.answer, own.head, own.ids
    line = CanonicalLine(
        stamp,
        _LEVELS.get(answer.status // 100, "info"),
        "request",
        route,
        ServedBy.SELF.value,
        answer.reason or "refused",
        head.method.decode("ascii"),
        _shown_target(head),
        answer.status,
        int(own.seconds * 1_000_000) / 1000,
        0,
        0,
        own.address.decode("ascii"),
        ids.request_id.decode("latin-1"),
        "" if own.address == own.peer else own.peer.decode("ascii"),
        head.host,
        ids.trace_id.decode("ascii"),
        detail=of_request(answer.detail),
    )
    return _with_clients_ids(line, head, ids)


def _with_clients_ids(line: CanonicalLine, head: RequestHead, ids: Ids) -> CanonicalLine:
    line.parent_id = parent_of(ids).decode("ascii")
    line.client_request_id = said_beside(head, ids).decode("ascii")
    return line


def _shown_target(head: RequestHead) -> str:
    target = head.target
    if head.query or b";" in target or b"@" in target or b"%3" in target or b"#" in target:
        target = redact_target(target)
    return target.decode("latin-1")
