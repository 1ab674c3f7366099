"""One client connection: reads requests one at a time, hands each to an exchange, writes what comes back.

Rule 1: one request is parsed at a time; what a client sends ahead waits as bytes, bounded, and is read afterwards (R1).
Rule 2: a refused request puts nothing upstream; unless its body is already here, the connection is closed after it.
Rule 3: closing lingers: the answer is sent, the sending half is closed, and what still comes is read and dropped for a
        moment, because a reset would take the answer away from the client (RFC 9112 section 9.6).
Rule 4: an exception in here costs this one request, never the worker (DR06).

Long: the states of one connection, which each read and each write may change.
"""

from __future__ import annotations

import asyncio
import re
from time import monotonic
from typing import TYPE_CHECKING, cast

import structlog

from proxy.core.http.forwarded import is_trusted, take_managed, trusted_lines
from proxy.core.http.leniency_points import NONE, Points
from proxy.core.http.request import RequestHead, RequestRefusal
from proxy.core.http.trace import keeps_id
from proxy.core.limits.bounds_met import Shed
from proxy.core.outcome import CLIENT_GONE, Blame, Failure, Phase
from proxy.edge.client.gone_transport import GONE
from proxy.edge.client.own_answers import NO_HEAD, account, own_answer, with_connection
from proxy.edge.exchange.exchange import Exchange
from proxy.edge.exchange.rescue import problem_body, problem_lines
from proxy.edge.routing.admission import admit, foreign, loops, no_room, refused, too_long
from proxy.edge.routing.admission_steps import MAX_AHEAD, Admission
from proxy.edge.routing.identity import address_behind, address_within
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import LocalAnswer
from proxy.edge.wire.ending import LINGER, Linger, close_when_idle, reset
from proxy.edge.wire.half_closed import CONTINUE, abort_when_gone, end_half
from proxy.edge.wire.head_parser import END, PartialHead, judge_request, refusal_of
from proxy.edge.wire.request_bytes import Ids

if TYPE_CHECKING:
    from proxy.edge.account.finished_batch import Finished
    from proxy.edge.client.connections import Services
    from proxy.edge.client.slow_clients import Pace
    from proxy.edge.routing.bound_table import Live
    from proxy.edge.tally import Counters

THIS_MACHINE = "127.0.0.1"
"""Who comes through a Unix socket: it has no address, and is here."""
_BLANK_LINES = re.compile(rb"\A(?:\r\n)+")


class Downstream:
    """A client's connection: an asyncio protocol, though no subclass of one, so that it can be compiled."""

    # fmt: off
    __slots__ = (
        "_admission", "_ahead", "_forwarded", "_half_closed", "_keeps_id", "_lines", "_lines_host", "_linger", "_live",
        "_partial", "_services", "_waiting", "address", "closing", "counters", "deadline", "exchange", "finished",
        "held", "pace", "peer", "requests", "scheme", "started", "stuffed", "transport", "trusted",
    )
    # fmt: on

    def __init__(self, services: Services) -> None:
        self._services = services
        self.counters: Counters = services.counters
        self.finished: Finished = services.finished
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self.exchange: Exchange | None = None
        self.deadline = float("inf")
        self.started = 0.0
        self.peer = self.address = b""
        self.scheme = b"http"
        self.closing = False
        self._live: Live | None = None
        self._partial: PartialHead | None = None
        self._admission: Admission | None = None
        self._ahead = b""
        self._waiting = 0
        self._half_closed = False
        self._forwarded = self._lines = b""
        self._lines_host: bytes | None = None
        self._keeps_id = False
        self.trusted = False
        self.held = False
        self.stuffed = False
        self._linger: Linger | None = None
        self.requests = 0
        self.pace: Pace | None = None

    # -- what the loop does -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self.transport = cast("asyncio.Transport", transport)
        if transport.get_extra_info("sslcontext") is not None:
            self.scheme = b"https"
        address = transport.get_extra_info("peername")
        peer = address[0] if isinstance(address, tuple) else THIS_MACHINE
        self.peer = self.address = peer.removeprefix("::ffff:").encode("ascii")
        self._services.opened(self)

    def data_received(self, data: bytes) -> None:
        """Bytes from the client."""
        try:
            exchange = self.exchange
            if exchange is not None:
                exchange.feed(data)
            elif self._linger is not None:
                self._linger.drop(data)
            elif self._admission is not None:
                self._admission.feed(data)
            elif self._ahead or self.stuffed:
                self.keep_for_later(data)  # what came before it is due first, and answers that are not read wait
            else:
                self._read_head(data)
        except Exception as error:  # noqa: BLE001 -- rule 4
            self._broken(error)

    def eof_received(self) -> bool:
        """The client will send no more; it may still read (half-closed clients are served)."""
        if self.scheme == b"https":
            return False  # TLS ends whole: connection_lost follows
        if self._half_closed:
            return True  # the loop says so again when reading goes on
        self._half_closed = True
        if self._linger is not None:
            return False
        admission = self._admission
        if admission is not None and admission.rest:
            self._watch(admission)  # perhaps there are requests behind it, which are read first
            return True
        return True if self._ahead else self._end_reading()

    def _end_reading(self) -> bool:
        """All that the client sent is read; whether something is still to be answered."""
        self.closing = True
        exchange = self.exchange
        if exchange is not None:
            abort_when_gone(self.transport, lambda: self.exchange is exchange and not exchange.tunnel, exchange.probe)
            exchange.client_half_closed()
            return True
        admission = self._admission
        if admission is not None:
            self._watch(admission)
            admission.client_half_closed()
            return True
        if self._partial is not None:
            self._answer(LocalAnswer(400, "the connection ended inside a request head"))
            return True
        return False

    def _watch(self, admission: Admission) -> None:
        abort_when_gone(self.transport, lambda: self._admission is admission, admission.probe)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended; an exchange that runs is told."""
        del exc
        exchange = self.exchange
        if exchange is not None and exchange.stays and not exchange.responding:
            self._outlive()
            return
        self._services.closed(self)
        self.exchange = None
        if exchange is not None:
            exchange.client_lost()
        elif self._admission is not None:
            self._leave_admission(self._admission)

    def _outlive(self) -> None:
        """The client has left; its request goes on to its end, as if somebody read the answer."""
        self.transport = GONE
        self.closing = True
        self._ahead = b""
        if self.stuffed:
            self.resume_writing()

    def pause_writing(self) -> None:
        """The client reads more slowly than it is sent to: the upstream is read no further."""
        self.stuffed = True
        if self.exchange is not None:
            self.exchange.pause_reading()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.stuffed = False
        if self.exchange is not None:
            self.exchange.resume_reading()
        elif self._ahead:
            self._services.soon(self._go_on)

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read_head(self, data: bytes) -> None:
        if self._partial is not None and self._partial.data == b"\r":  # perhaps half of an empty line
            data, self._partial = b"\r" + data, None
        if self._partial is None:
            if data[:2] == b"\r\n":  # RFC 9112 section 2.2: empty lines before a request are skipped
                data = _BLANK_LINES.sub(b"", data, 1)
            end = data.find(END) + 4
            if end >= 4:
                self.started = monotonic()
                live = self._services.live
                raw = data[:end]
                # Most heads come in one read with field lines seen before: neither parsed nor judged again.
                head = live.reader.recall(raw)
                if head is not None:
                    self._admit(live, head, data[end:])
                    return
                problem = judge_request(raw)
                if not problem:
                    self._take_head(data, end, problem, NONE)
                    return
            elif not data or self._is_foreign(data):
                return
            self._partial = PartialHead.of_request(self._services.live.forgiven)
            # Time counts from a head's first byte: before it the connection is idle, which has a bound of its own.
            self.started = monotonic()
            self.deadline = self.started + self._services.live.snapshot.limits.head
        end, problem = self._partial.add(data)
        data = self._partial.data
        bounds = self._services.live.reader.bounds
        if end >= 0 or problem:
            used, self._partial = self._partial.used, None
            self._take_head(data, end, problem, used)
        elif len(data) > bounds.head:
            self._partial = None
            self._answer(too_long(data, bounds))

    def _is_foreign(self, data: bytes) -> bool:
        """Another protocol is told so at once: it may never send the end of a line."""
        answer = foreign(data)
        if answer is None:
            return False
        self.started = monotonic()
        self._answer(answer)
        return True

    def _take_head(self, data: bytes, end: int, problem: str, used: Points) -> None:
        self.started = monotonic()
        live = self._services.live
        if problem:
            self._answer(foreign(data) or refused(refusal_of(data, problem)))
            return
        forgiving = live.forgiving
        head = forgiving.read(data[:end], used) if used and forgiving is not None else live.reader.read(data[:end])
        if isinstance(head, RequestRefusal) and forgiving is not None and not used:
            head = forgiving.read_again(data[:end], head)
        if isinstance(head, RequestRefusal):
            self._answer(refused(head), refused=data[:end])
        else:
            self._admit(live, head, data[end:])

    def _admit(self, live: Live, head: RequestHead, rest: bytes) -> None:
        if live is not self._live:
            self._meet(live)
        plain = head.plain
        if not plain and head.managed:
            take_managed(head, trusted=self.trusted)
        if self.trusted:
            self.address = address_behind(head, self.peer, live.snapshot)
        request = Request(live, head, Ids(head, keeps=self._keeps_id), self.peer, self.address)
        limits = self._services.admission_limits
        admitted = admit(request) if limits is None else limits.admit(self, request)
        if admitted is None:
            self._serve(request, rest)
        elif isinstance(admitted, LocalAnswer):
            self._answer(admitted, request, rest)
        else:
            self._admission = admitted
            admitted.begin(self, self._services.bodies, rest)

    def _serve(self, request: Request, rest: bytes) -> None:
        """Nothing stands before it any more: who answers is decided."""
        head = request.head
        plain = head.plain
        if not plain and head.passed and (refusal := loops(request)) is not None:
            self._answer(refusal, request, rest)
            return
        shadows = self._services.shadows
        if request.wants_upgrade:
            shadows.pass_over(request.bound)
        elif shadows.pools:
            shadows.watch(request)
        if not plain and head.length > 0:
            self.finished.bodies.watch(request)
        self.exchange = exchange = Exchange(self, request)
        if not plain and head.expect and not rest and head.length:
            if request.leg.expects:
                exchange.expecting = True
            else:
                self.write(CONTINUE)
        exchange.open(rest)

    # -- a request that waits before it is admitted -------------------------------------------------------------------

    def admission_ended(self, answer: LocalAnswer | None) -> None:
        """Its steps are through, or Banyan answers itself."""
        admission, self._admission = self._admission, None
        if admission is None:
            return
        self.unhold()
        limits = self._services.admission_limits
        if limits is not None:
            limits.age(self, answer)
        request, rest = admission.request, admission.rest
        if answer is None:
            self._serve(request, rest)
        else:
            self._answer(answer, request, rest)
        if not admission.has_begun:
            return  # whoever has read the head goes on
        if self._half_closed and not self._ahead and self._linger is None and not self._end_reading():
            self.transport.close()

    def admission_broke(self, error: Exception) -> None:
        """Rule 4, where nobody has sent anything just now."""
        self._broken(error)

    def _leave_admission(self, admission: Admission) -> None:
        """The client has left before anything was sent for it."""
        self._admission = None
        admission.leave()
        request = admission.request
        account(self._services, self, LocalAnswer(CLIENT_GONE, "client gone"), request.ids, request)

    def _meet(self, live: Live) -> None:
        """Work out what a new table says of this peer: once per table, not per request."""
        self._live = live
        self.address = self.peer
        self.trusted = is_trusted(self.peer.decode("ascii"), live.snapshot.trusted)
        self._keeps_id = keeps_id(live.snapshot.request_id, trusted=self.trusted)
        self._forwarded = b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b\r\nX-Forwarded-Host:" % (
            self.peer,
            self.scheme,
        )
        self._lines_host = None

    def forwarded(self, head: RequestHead) -> bytes:
        """The forwarding fields for the upstream, each with CRLF."""
        if self.trusted:
            return trusted_lines(head, self.peer, self.scheme)
        host = head.host_value
        if host is not self._lines_host:  # one client asks for one host mostly, and its heads are remembered with it
            self._lines_host = host
            self._lines = self._forwarded + host + b"\r\n"
        return self._lines

    # -- what an exchange does ----------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Write to the client."""
        self.transport.write(data)

    def hold(self) -> None:
        """Stop reading: the upstream cannot take more."""
        self.held = True
        self.transport.pause_reading()

    def unhold(self) -> None:
        """Read the client again."""
        if self.held:
            self.held = False
            self.transport.resume_reading()

    def keep_for_later(self, data: bytes) -> None:
        """Keep bytes of later requests; past the bounds the client is no longer read (rule 1)."""
        # Empty lines are counted as heads, also where reads have cut one in two. Bodies may hold some: the bound on
        # requests in waiting may be met too early then, never too late.
        before = max(len(self._ahead) - len(END) + 1, 0)
        self._ahead += data
        self._waiting += self._ahead.count(END, before)
        crowded = self._waiting > self._services.live.snapshot.limits.pipeline
        if crowded or len(self._ahead) > MAX_AHEAD:
            if crowded and not self.held:
                self.counters.shed(Shed.PIPELINE)
            self.hold()

    def take_later(self) -> bytes:
        """Give up the bytes that were kept."""
        ahead, self._ahead = self._ahead, b""
        self._waiting = 0
        return ahead

    def end_writing(self) -> bool:
        """Close the sending half; the client may go on sending."""
        return end_half(self.transport)

    def cut(self, *, truncated_silently: bool) -> None:
        """A response broke off: close so that the client can tell (a reset where only the end marks the end)."""
        self.exchange = None
        if self.transport is GONE:
            self._services.closed(self)
        elif truncated_silently or self.stuffed:
            reset(self.transport)
        else:
            self.close()

    def close(self) -> None:
        """Close after what is written, for as long as a quiet connection may stay."""
        self.exchange = None
        if self.transport is GONE:
            self._services.closed(self)
            return
        self.transport.close()
        self.deadline = monotonic() + self._services.live.snapshot.limits.idle

    def answer_problem(self, status: int, detail: str, request_id: bytes, head: RequestHead | None, again: int) -> int:
        """Write an invented answer, with the seconds after which to ask again (or 0); the size of its body."""
        body = problem_body(status, detail, request_id)
        if status == 413:
            self.counters.shed(Shed.BODY_SIZE)
        lines = problem_lines(request_id, again)
        self.write(with_connection(status, b"application/problem+json", body, head, lines, closing=self.closing))
        return len(body)

    def exchange_ended(self, ended: float, *, request_done: bool) -> None:
        """The response is out: go on with the connection, or end it."""
        self.exchange = None
        if self.transport is GONE:
            self._services.closed(self)
            return
        if self.held:
            self.unhold()
        if self.closing or not request_done:
            self._end(whole=request_done)
            return
        self.deadline = ended + self._services.live.snapshot.limits.idle
        if self._ahead:
            self._services.soon(self._go_on)

    # -- answering here -----------------------------------------------------------------------------------------------

    def _answer(
        self, answer: LocalAnswer, request: Request | None = None, rest: bytes = b"", refused: bytes = b""
    ) -> None:
        """Banyan's own answer; keeps the connection only where the request is known to have ended.

        `refused` are the bytes of a head that can be read and is not taken.
        """
        self.started = self.started or monotonic()
        if request is None:
            self.address = address_within(refused, self.peer, self._services.live.snapshot)
            head, length, ids = None, -1, Ids(NO_HEAD, keeps=self._keeps_id)
        else:
            head, length, ids = request.head, request.head.length, request.ids
        if head is None or answer.close or not head.keep_alive or not 0 <= length <= len(rest):
            self.closing = True
        self.transport.write(own_answer(answer, head, ids, closing=self.closing))
        account(self._services, self, answer, ids, request)
        if self.closing:
            self._end()
            return
        self.deadline = monotonic() + self._services.live.snapshot.limits.idle
        self._ahead = rest[length:]
        if self._ahead:
            self._services.soon(self._go_on)

    # -- connection's life --------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Read what was sent ahead, from a fresh stack so that a pipeline cannot recurse."""
        idle = self.exchange is None and self._admission is None and not self.stuffed and self._linger is None
        if idle and not self.transport.is_closing():
            self.unhold()
            self.data_received(self.take_later())
            if self._half_closed and not self._ahead and self._linger is None and not self._end_reading():
                self.transport.close()

    def _end(self, *, whole: bool = False) -> None:
        """Rule 3; TLS has no half to end, so it ends now when the request was read `whole`, else when time is up."""
        self._linger = Linger(self.transport)
        self._ahead = b""
        self._partial = None
        self.deadline = monotonic() + LINGER
        if self._half_closed or (whole and self.scheme == b"https"):
            self.close()
        elif not self.transport.is_closing():
            self.end_writing()

    def expire(self, now: float) -> None:
        """The deadline has passed; called by the data plane's sweep."""
        exchange = self.exchange
        if exchange is not None:
            if exchange.expecting and exchange.go_ahead(now):
                return  # what has run out is only the wait for the upstream's 100
            if not exchange.request_done and not self.held:
                self.counters.shed(Shed.BODY_TIME)
            exchange.expire(now)
        elif self._admission is not None:
            self._admission.expire()
        elif self._partial is not None:
            self._partial = None
            self._answer(LocalAnswer(408, "the request head took too long", shed=Shed.HEAD_TIME))
        elif self.transport.is_closing():
            self.transport.abort()  # it does not even read its last answer
        else:
            self.close()

    def too_slow(self, reason: Shed, now: float) -> None:
        """It sends or reads too little; called by the data plane once a second."""
        self.counters.shed(reason)
        self.pace = None
        if self.exchange is not None:
            self.exchange.expire(now)
        elif self._admission is not None:
            self._admission.expire()
        else:
            self.transport.abort()

    def refuse_connection(self, reason: Shed) -> None:
        """There are too many, or there is no memory for one more."""
        self._answer(no_room(reason))

    def drain(self) -> None:
        """Finish what runs, then close; an idle connection closes when nothing is on its way to it."""
        self.closing = True
        if self.transport is not GONE:
            close_when_idle(self.transport, self._is_idle)

    def _is_idle(self) -> bool:
        return self.exchange is None and self._admission is None and self._partial is None and not self._ahead

    @property
    def uploading(self) -> Exchange | Admission | None:
        """Whose body may be on its way."""
        return self.exchange or self._admission

    def _broken(self, error: Exception) -> None:
        structlog.get_logger().error("request_broke", client=self.address.decode("ascii"), exc_info=error)
        exchange = self.exchange
        self.closing = True
        if exchange is not None:
            exchange.broken(Failure(phase=Phase.HEAD, blame=Blame.PROXY, detail="an error inside the proxy"))
            return
        admission, self._admission = self._admission, None
        if admission is not None:
            admission.leave()
            self._answer(LocalAnswer(500, "an error inside the proxy", close=True), admission.request)
        else:
            self._answer(LocalAnswer(500, "an error inside the proxy"))
