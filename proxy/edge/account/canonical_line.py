"""The canonical line: one log entry per request, what it says, and how it is written in batches through the sink.

Off a terminal it is encoded straight from a struct (half a microsecond; a bound structlog call is four); on a terminal
structlog's console renderer shows the same fields. Both end in the sink that structlog itself writes to.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from random import random
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import structlog

from proxy.core.http.leniency_hints import of_request, of_response
from proxy.core.http.redact import redact_target
from proxy.core.outcome import CLIENT_GONE, Blame, ServedBy
from proxy.edge.account.line_shape import CanonicalLine
from proxy.edge.wire.request_bytes import parent_id_of, unused_client_id
from proxy.log import Sink, stamp

if TYPE_CHECKING:
    from proxy.core.auth.principal import Principal
    from proxy.core.http.request import RequestHead
    from proxy.core.outcome import Failure
    from proxy.core.routing.decide import Decision
    from proxy.edge.account.own_answer import OwnAnswerRecord
    from proxy.edge.routing.bound_table import BoundRoute, Leg, Live
    from proxy.edge.wire.request_bytes import Ids

_LEVELS = {4: "warning", 5: "error"}
_BAD: Final = 500
_FLUSH_LINES: Final = 256


class FinishedExchange(Protocol):
    """An exchange that has ended, as far as its accounts need it; times are monotonic seconds."""

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
    notes: tuple[tuple[str, str], ...]
    principal: Principal | None


def line_of_exchange(stamp: str, exchange: FinishedExchange, seconds: float) -> CanonicalLine:
    """The line of an exchange that went to an upstream; `seconds` is how long it took."""
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
    if exchange.notes:
        line.steps = dict(exchange.notes)
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


def line_of_answer(stamp: str, own: OwnAnswerRecord, route: str) -> CanonicalLine:
    """The line of a request that Banyan answered itself."""
    answer, head, ids = own.answer, own.head, own.ids
    line = CanonicalLine(
        stamp,
        _LEVELS.get(answer.status // 100, "info"),
        "request",
        route,
        ServedBy.SELF.value,
        own.reason,
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
    if own.notes:
        line.steps = dict(own.notes)
    return _with_clients_ids(line, head, ids)


def _with_clients_ids(line: CanonicalLine, head: RequestHead, ids: Ids) -> CanonicalLine:
    line.parent_id = parent_id_of(ids).decode("ascii")
    line.client_request_id = unused_client_id(head, ids).decode("ascii")
    return line


def _shown_target(head: RequestHead) -> str:
    target = head.target
    if head.query or b";" in target or b"@" in target or b"%3" in target or b"#" in target:
        target = redact_target(target)
    return target.decode("latin-1")


def _nothing() -> None:
    """The default of `before_flush`."""


class AccessLogWriter:
    """Takes lines from the hot path, hands them to the sink every 256 lines or when the caller's timer says so."""

    __slots__ = ("_console", "_encode", "_held", "_second", "_sink", "_stamp", "before_flush", "sample")

    def __init__(self, sink: Sink, *, console: bool, sample: float = 1.0) -> None:
        """`sample` is the share of good requests that get a line."""
        self._sink = sink
        self._encode: Callable[[CanonicalLine], bytes] = msgspec.json.Encoder().encode
        self._console = structlog.get_logger() if console else None
        self._held: list[bytes] = []
        self.sample = sample
        self.before_flush: Callable[[], None] = _nothing
        self._second = -1
        self._stamp = ""

    def wants(self, status: int) -> bool:
        """Whether a line is due: always for 5xx, else by the sample."""
        return self.sample >= 1.0 or status >= 500 or random() < self.sample  # noqa: S311 -- no secret hangs on it

    def stamp(self, moment: float) -> str:
        """The stamp of a wall-clock time in seconds; all but its milliseconds are made once a second."""
        second = int(moment)
        if second != self._second:
            self._second = second
            self._stamp = stamp(datetime.fromtimestamp(second, UTC))[:-4]
        return f"{self._stamp}{int((moment - second) * 1000):03d}Z"

    def write(self, line: CanonicalLine) -> None:
        """Encode the line and keep it for the next flush; on a terminal print it at once."""
        if self._console is not None:
            fields = msgspec.structs.asdict(line)
            shown = {key: value for key, value in fields.items() if value not in ("", None)}
            if line.attempts == 1:
                del shown["attempts"], shown["fallback"]
            self._console.info(shown.pop("event"), **{key: shown[key] for key in shown if key not in ("ts", "level")})
            return
        self._held.append(self._encode(line))
        if len(self._held) >= _FLUSH_LINES:
            self.flush()

    def flush(self) -> None:
        """Hand over what is kept, and first the lines that `before_flush` still has to write."""
        self.before_flush()
        if self._held:
            self._held.append(b"")
            self._sink.put(b"\n".join(self._held), len(self._held) - 1)
            self._held.clear()
