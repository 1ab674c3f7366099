"""One connection to an upstream: sends requests one after the other, reads their responses.

Long: what each byte of an answer is depends on all that came before it on the connection.

Rule 1: a connection is reused only when the request was sent whole, the response read whole, nothing is left over and
        neither side wants to close or has authenticated on it (R14); a byte or an end while idle discards it.
Rule 2: a body is only ever complete by its framing; an end before that is a failure (R12).
Rule 3: HEAD, 1xx, 204 and 304 have no body whatever the fields say; llhttp cannot know of HEAD.
"""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import Final, Protocol, cast

from proxy.core.http.chunked import ChunkedDecoder
from proxy.core.http.leniency_points import NONE, Points
from proxy.core.http.response import CHUNKED, MAX_HEAD, NEVER, ResponseHead, ResponseReader
from proxy.core.outcome import Blame, Failure, Phase
from proxy.edge.wire.ending import ended_cleanly, unread_bytes
from proxy.edge.wire.head_parser import END, PartialHead, judge_response
from proxy.tls.handshake_errors import sentence_of

MAX_INTERIM = 16
"""1xx answers before the final one; more is an attack or a loop."""
_SWITCHING = 101


class Mode(IntEnum):
    """What the next byte from the upstream belongs to."""

    IDLE = 0
    HEAD = 1
    SIZED = 2
    CHUNKED = 3
    UNTIL_CLOSE = 4
    TUNNEL = 5
    CLOSED = 6


_IDLE: Final = Mode.IDLE
_HEAD: Final = Mode.HEAD
_SIZED: Final = Mode.SIZED
"""A member read off its class costs what three comparisons cost, so the hot path reads these."""


class Asker(Protocol):
    """An exchange or a shadow, as far as the connection needs it."""

    responses: ResponseReader
    """The reader of response heads for this snapshot."""
    is_head: bool
    """Whether the request was HEAD."""
    wants_upgrade: bool
    """Whether a 101 is an answer to what was asked."""
    request_done: bool
    """Whether the whole request has been handed over."""
    binds: bool
    """Whether the request says who is on this connection, so that nobody else may be."""

    def interim(self, head: ResponseHead) -> None:
        """A 1xx other than 101."""

    def upgraded(self, head: ResponseHead, rest: bytes) -> None:
        """The answer is 101; from now on bytes are the tunnel's."""

    def respond(self, head: ResponseHead, payload: bytes, *, done: bool) -> None:
        """The final head with the payload that came along."""

    def relay(self, payload: bytes, trailers: list[bytes], *, done: bool) -> None:
        """More payload; `done` with the last (then `trailers` may hold raw field lines)."""

    def tunnelled(self, data: bytes) -> None:
        """Bytes of the tunnel."""

    def failed(self, failure: Failure) -> None:
        """No response will come, or no more of it."""

    def operation(self, *, failed: bool = False) -> bytes:
        """What is asked for (`core/routing/operation.py`)."""

    def who(self) -> bytes:
        """The address of the client for whom it is asked."""

    def pause(self) -> None:
        """The upstream cannot take more: stop reading the client."""

    def resume(self) -> None:
        """The upstream takes more: read the client again."""


class ConnectionAddress(Protocol):
    """The address that a connection leads to, as far as the connection needs it."""

    gone: bool
    """Whether it is drained: nothing new may go there."""
    watched: bool
    """Whether it is to be told of answers, not only of failures."""

    def release(self, connection: UpstreamConnection) -> None:
        """Its response was read whole, and it may be used again."""

    def keep(self, connection: UpstreamConnection) -> None:
        """As `release`, where nobody is to be served before."""

    def lost(self, connection: UpstreamConnection) -> None:
        """It has ended, idle or not."""

    def failed(self, asker: Asker) -> None:
        """The request on it got no answer, or not all of it."""

    def unavailable(self, asker: Asker) -> None:
        """The request was answered with 502, 503 or 504, and is repeated elsewhere."""

    def answered(self, asker: Asker, status: int) -> None:
        """The head of an answer has come; told only while `watched`."""


class UpstreamConnection:
    """Belongs to a pool; lent to one asker at a time."""

    __slots__ = (
        "_decoder",
        "_head",
        "_interim",
        "_left",
        "_lenient",
        "_partial",
        "_stopped",
        "_stuck",
        "address",
        "asker",
        "idle_since",
        "idles",
        "mode",
        "opened",
        "reused",
        "transport",
    )

    def __init__(self, address: ConnectionAddress, lenient: Points = NONE) -> None:
        """Being opened; `address` hears what becomes of it. `lenient`: what its heads are forgiven."""
        self.address = address
        self._lenient = lenient
        self.asker: Asker | None = None
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self.mode = Mode.IDLE
        self.reused = False
        self.opened = False
        self.idle_since = 0.0
        self.idles = NEVER
        self._partial: PartialHead | None = None
        self._decoder: ChunkedDecoder | None = None
        self._head: ResponseHead | None = None
        self._left = 0
        self._interim = 0
        self._stopped = False
        self._stuck = False

    @property
    def answer(self) -> ResponseHead | None:
        """The head of the response that is being read."""
        return self._head

    # -- what the asker does ------------------------------------------------------------------------------------------

    def begin(self, asker: Asker, data: bytes) -> None:
        """Send a request's first bytes; the response is the asker's from now on."""
        self.asker = asker
        self.mode = _HEAD
        self.transport.write(data)

    def write(self, data: bytes) -> None:
        """More of the request, or of the tunnel."""
        self.transport.write(data)

    def stop_reading(self) -> None:
        """Stop reading: the client reads more slowly than the upstream sends."""
        self._stopped = True
        self.transport.pause_reading()

    def go_on_reading(self) -> None:
        """Read again: the client has caught up, or needs no more."""
        self._stopped = False
        self.transport.resume_reading()

    def end_writing(self) -> bool:
        """The client's half of the tunnel has ended; False when this half cannot end alone (TLS)."""
        possible = self.transport.can_write_eof()
        if possible:
            self.transport.write_eof()
        return possible

    def close(self) -> None:
        """Both halves of the tunnel have ended; what was written still goes out."""
        self.asker = None
        self.mode = Mode.CLOSED
        self.transport.close()

    def abort(self) -> None:
        """Nobody wants the answer any more; what was sent so far is left visibly unfinished."""
        self.asker = None
        self.mode = Mode.CLOSED
        self.transport.abort()

    def give_up(self) -> None:
        """The deadline has passed without the whole answer: count it as a failure and abort."""
        if self.asker is not None:
            self.address.failed(self.asker)
        self.abort()

    def unavailable(self, asker: Asker, *, done: bool) -> None:
        """A 502, 503 or 504 that is not passed on; where it is `done`, the connection has been released already."""
        self.address.unavailable(asker)
        if not done:
            self.abort()

    # -- what the loop does -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The loop has connected."""
        self.opened = True
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes from the upstream."""
        asker, mode = self.asker, self.mode
        if asker is None:
            self.abort()  # nobody asked: an answer to the next request must not be mistaken for its own
        elif mode is _HEAD:
            self._read_head(asker, data)
        elif mode is _SIZED:
            self._read_sized(asker, data)
        elif mode is Mode.CHUNKED:
            self._read_chunked(asker, data)
        elif mode is Mode.UNTIL_CLOSE:
            asker.relay(data, [], done=False)
        else:
            asker.tunnelled(data)

    def eof_received(self) -> bool:
        """An end: of a body that says so, of a tunnel's half, or of everything."""
        asker = self.asker
        if asker is None:
            return False
        if self.mode is Mode.UNTIL_CLOSE and ended_cleanly(self.transport):
            self._finish(asker, b"", [], reusable=False)
        elif self.mode is not Mode.TUNNEL:
            self._fail("the upstream closed the connection before its response was complete")
        elif self.transport.can_write_eof():
            asker.tunnelled(b"")
            return True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended, on either side."""
        if exc is not None and self.asker is not None and self.mode is not Mode.TUNNEL:
            self._stuck = True  # never to be used again
            for data in unread_bytes(self.transport):
                self.data_received(data)
        if self.asker is not None:
            if self.mode is Mode.TUNNEL:
                asker, self.asker = self.asker, None
                asker.failed(Failure(phase=Phase.BODY, blame=Blame.UPSTREAM, detail="tunnel closed"))
            else:
                self._fail(f"the connection to the upstream broke ({sentence_of(exc) if exc else 'closed'})")
        self.mode = Mode.CLOSED
        self.address.lost(self)

    def pause_writing(self) -> None:
        """The upstream reads more slowly than the client sends."""
        self._stuck = True
        if self.asker is not None:
            self.asker.pause()

    def resume_writing(self) -> None:
        """The upstream has caught up."""
        self._stuck = False
        if self.asker is not None:
            self.asker.resume()

    # -- reading ------------------------------------------------------------------------------------------------------

    def _read_head(self, asker: Asker, data: bytes) -> None:
        if self._partial is None:
            end = data.find(END) + 4
            if end >= 4:
                raw = data[:end]
                # A head that came whole and is known costs a look-up; after HEAD the same bytes announce no body.
                head = None if asker.is_head else asker.responses.recall(raw)
                if head is not None:
                    self._start_body(asker, head, data[end:])
                    return
                problem = judge_response(raw)
                if not problem:
                    self._take_head(asker, data, end, problem)
                    return
            self._partial = PartialHead.of_response(self._lenient)
        end, problem = self._partial.add(data)
        data = self._partial.data
        if end >= 0 or problem:
            self._partial = None
            self._take_head(asker, data, end, problem)
        elif len(data) > MAX_HEAD:
            self._fail(f"the upstream's response head is longer than {MAX_HEAD} bytes")

    def _take_head(self, asker: Asker, data: bytes, end: int, problem: str) -> None:
        if problem or end > MAX_HEAD:
            self._fail(f"the upstream's response head is not valid HTTP: {problem or f'over {MAX_HEAD} bytes'}")
            return
        head = asker.responses.read(data[:end], bodyless=asker.is_head)
        if isinstance(head, str):
            self._fail(f"the upstream's response head is not valid HTTP: {head}")
        elif head.status >= 200:
            self._start_body(asker, head, data[end:])
        elif head.status == _SWITCHING:
            self._switch(asker, head, data[end:])
        else:
            self._pass_interim(asker, head, data[end:])

    def _switch(self, asker: Asker, head: ResponseHead, rest: bytes) -> None:
        if not asker.wants_upgrade or head.upgrade != b"websocket":
            self._fail("the upstream switched protocols, which nobody asked for")
            return
        if self.address.watched:
            self.address.answered(asker, head.status)
        self.mode = Mode.TUNNEL
        asker.upgraded(head, rest)

    def _pass_interim(self, asker: Asker, head: ResponseHead, rest: bytes) -> None:
        self._interim += 1
        if self._interim > MAX_INTERIM:
            self._fail(f"the upstream sent more than {MAX_INTERIM} interim responses")
            return
        asker.interim(head)
        if rest and self.asker is asker:  # it may have given up meanwhile
            self._read_head(asker, rest)

    def _start_body(self, asker: Asker, head: ResponseHead, rest: bytes) -> None:
        length = head.length
        self._head = head
        if self.address.watched:
            self.address.answered(asker, head.status)
        if length >= 0:
            self._left = length - len(rest)
            if self._left > 0:
                self.mode = _SIZED
                asker.respond(head, rest, done=False)
            else:
                clean = not self._left  # bytes behind the answer belong to nobody: the connection is not reused
                self._end(asker, reusable=clean)  # before the asker hears: what it does next may want a connection
                asker.respond(head, rest if clean else rest[:length], done=True)
        elif length == CHUNKED:
            self.mode = Mode.CHUNKED
            self._decoder = ChunkedDecoder(of_answer=True)
            asker.respond(head, b"", done=False)
            if rest and self.asker is asker:  # it may have given up meanwhile
                self._read_chunked(asker, rest)
        else:
            self.mode = Mode.UNTIL_CLOSE
            asker.respond(head, rest, done=False)

    def _read_sized(self, asker: Asker, data: bytes) -> None:
        left = self._left - len(data)
        self._left = left
        if left > 0:
            asker.relay(data, [], done=False)
        else:
            self._finish(asker, data if not left else data[:left], [], reusable=not left)

    def _read_chunked(self, asker: Asker, data: bytes) -> None:
        decoder = self._decoder
        if decoder is None:
            return
        payload = decoder.feed(data)
        if decoder.error:
            self._fail(f"the upstream's chunked body is broken: {decoder.error}")
        elif decoder.done:
            self._finish(asker, payload, decoder.trailers, reusable=not decoder.rest)
        elif payload:
            asker.relay(payload, [], done=False)

    # -- ending -------------------------------------------------------------------------------------------------------

    def _finish(self, asker: Asker, payload: bytes, trailers: list[bytes], *, reusable: bool) -> None:
        self._end(asker, reusable=reusable)
        asker.relay(payload, trailers, done=True)

    def _end(self, asker: Asker, *, reusable: bool) -> None:
        """The response is whole: back to the pool, or closed. The asker is told by the caller, after."""
        head = self._head
        self.asker = None
        self._head = self._decoder = None
        self._interim = 0
        clean = reusable and asker.request_done and not (self._stuck or asker.binds)  # rule 1
        if clean and head is not None and head.keep_alive:
            if self._stopped:
                self.go_on_reading()
            self.idles = head.idles
            self.mode = _IDLE
            self.address.release(self)
        else:
            self.mode = Mode.CLOSED
            self.transport.abort()

    def _fail(self, detail: str) -> None:
        asker, mode = self.asker, self.mode
        if asker is None:
            return
        self.asker = None
        self.mode = Mode.CLOSED
        self.transport.abort()
        phase = Phase.HEAD if mode is _HEAD else Phase.BODY
        # Reused, and not a byte came: the upstream ended it while it was idle and has seen nothing of this request.
        stale = self.reused and mode is _HEAD and self._partial is None and not self._interim
        if not stale and asker.request_done and not self._stopped:
            self.address.failed(asker)  # else it may have lost patience with a client that sends, or reads, slowly
        asker.failed(Failure(phase=phase, blame=Blame.UPSTREAM, replayable=stale, detail=detail))
