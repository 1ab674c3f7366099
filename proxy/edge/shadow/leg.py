"""One request to the other side that nobody waits for: sent once, its answer kept, then gone.

Rule 1: never twice: no retry, whatever happens to it, and no redirect is followed.
Rule 2: nothing of its answer goes to the client; an answer is read up to the cap and then cut.
Rule 3: it has a deadline of its own, from its start to the last byte.
Rule 4: what it is sent with is sent only `until` it ends.
"""

from __future__ import annotations

from time import monotonic, time
from typing import TYPE_CHECKING, Final, Protocol

from proxy.core.parity.pair import SHED, TIMED_OUT
from proxy.core.routing.shadow import DRY_RUN, MARKER
from proxy.edge.shadow.captured_body import CapturedBody, why_not_whole

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.http.response import ResponseHead, ResponseReader
    from proxy.core.outcome import Failure
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.upstream.connection import UpstreamConnection
    from proxy.edge.upstream.pool import Pool
    from proxy.edge.wire.request_bytes import Ids


_NEVER: Final = float("inf")


class Capturing(Protocol):
    """What a shadow belongs to."""

    def operation(self, *, failed: bool = False) -> bytes:
        """What is asked for, where failures are told apart."""

    def who(self) -> bytes:
        """The client's address."""

    def leg_ended(self, leg: ShadowLeg) -> None:
        """One of its shadows is over."""


class ShadowLeg:
    """Implements `Asker` and `Waiter`. `is_over` once its answer is whole, or there will be none."""

    wants_upgrade = False
    request_done = True
    binds = False
    is_over = False
    started = 0.0
    deadline = float("inf")
    until = float("inf")
    _connection: UpstreamConnection | None = None

    def __init__(
        self,
        leg: Leg,
        pool: Pool,
        host: str,
        responses: ResponseReader,
        kept: CapturedBody,
        capture: Capturing,
    ) -> None:
        """`host` is the one asked for; `capture` hears that it is over, once, and knows what is asked for, by whom."""
        self.leg = leg
        self.host = host
        self.kept = kept
        self.responses = responses
        self.is_head = False
        self._pool = pool
        self._capture = capture
        self._data = b""

    def start(self, data: bytes, timeout: float, *, is_head: bool) -> None:
        """Send the request `data`, which is whole."""
        self._data = data
        self.is_head = is_head
        self.started = self.kept.began = monotonic()
        self.deadline = self.started + timeout
        self._pool.acquire(self)

    def cut(self, why: str) -> None:
        """Nobody needs it any more."""
        if not self.is_over:
            connection = self._connection
            if connection is not None:
                connection.abort()
            else:
                self._pool.forget(self)
            self._end(why)

    def expire(self) -> None:
        """It has taken too long, which is the upstream's failure unless it only waited for others to finish."""
        connection = self._connection
        if connection is not None and not self.is_over:
            connection.give_up()
            self._end(TIMED_OUT)
        else:
            self.cut(SHED if self._pool.is_behind(self) else TIMED_OUT)

    # -- towards the pool ---------------------------------------------------------------------------------------------

    def operation(self, *, failed: bool = False) -> bytes:
        """What is asked for, where failures are told apart."""
        return self._capture.operation(failed=failed)

    def who(self) -> bytes:
        """The client's address."""
        return self._capture.who()

    def lend(self, connection: UpstreamConnection) -> None:
        """Here is a connection."""
        if self.until != _NEVER and time() >= self.until:
            connection.abort()
            self._end(SHED)
            return
        self._connection = connection
        data, self._data = self._data, b""
        connection.begin(self, data)

    def failed(self, failure: Failure) -> None:
        """No (whole) answer will come; what the breaker or a full pool refuse was never asked."""
        self._connection = None
        self._end(why_not_whole(failure))

    # -- towards the upstream -----------------------------------------------------------------------------------------

    def pause(self) -> None:
        """It reads slowly: all that is to be sent is bounded, and waits."""

    def resume(self) -> None:
        """It has caught up."""

    def interim(self, head: ResponseHead) -> None:
        """Of no interest."""

    def upgraded(self, head: ResponseHead, rest: bytes) -> None:
        """Nobody asked for it; the connection refuses it before."""

    def tunnelled(self, data: bytes) -> None:
        """There is no tunnel."""

    def respond(self, head: ResponseHead, payload: bytes, *, done: bool) -> None:
        """The answer begins."""
        self.kept.begin(head, payload)
        self._go_on(done=done)

    def relay(self, payload: bytes, trailers: list[bytes], *, done: bool) -> None:
        """More of it."""
        del trailers
        self.kept.add(payload)
        self._go_on(done=done)

    def _go_on(self, *, done: bool) -> None:
        if done:
            self._end("")
        elif self.kept.is_over and self._connection is not None:
            self._connection.abort()
            self._end("")

    def _end(self, why: str) -> None:
        self.is_over = True
        self._connection = None
        self.kept.seconds = monotonic() - self.started
        if why:
            self.kept.fail(why)
        self._capture.leg_ended(self)


def shadow_head(
    head: RequestHead, ids: Ids, forwarded: bytes, leg: Leg, copied: list[bytes], *, dry_run: bool
) -> bytes:
    """As the live leg's head, without what is the client's and one side's alone.

    `copied` are the client's lines that may go along, `forwarded` ready lines with CRLF, as on the live leg.
    """
    lines = copied
    own = head.lines[head.host_at] if head.host_at >= 0 else b""
    if leg.host_line:
        lines = [leg.host_line, *(line for line in lines if line is not own)]
    elif not own:
        lines = [b"Host: " + leg.authority, *lines]
    more = [MARKER, DRY_RUN] if dry_run else [MARKER]
    if ids.continued:
        more += [b"tracestate: " + value for value in head.fields.get(b"tracestate", ())]
    return b"%b %b HTTP/1.1\r\n%b\r\n%b%bX-Request-Id: %b\r\ntraceparent: %b\r\n%b\r\n\r\n" % (
        head.method,
        head.target,
        b"\r\n".join(lines),
        forwarded,
        head.mark,
        ids.request_id,
        ids.traceparent,
        b"\r\n".join(more),
    )
