"""`python -m holds.isolation.faulty HOST PORT`: an upstream that does to each request what its field `X-Fault` says.

Rule 1: without the field it answers at once, and its words say which request that was: the target's route, `X-Ask` and
        the length of the body.
Rule 2: what is wrong is wrong with one request only; other connections are served as if nothing were.
Rule 3: an impatient server hangs up on whoever keeps it waiting for `IMPATIENCE`, in either direction, as most do.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import assert_never, cast

import uvloop

from holds.asking import Ask
from tests.wire.reference import Broken, Message, read_request

FIELD = "X-Fault"
IMPATIENCE = 2.0
BACKLOG = 4096
"""More than any suite opens: an upstream that hangs still takes every connection."""
PIECE = b"." * 65536
TRICKLED = 1_000_000
_FIELD = FIELD.lower().encode()
_PADDING = b"." * 1000
_CHUNK = b"%x\r\n%b\r\n" % (len(PIECE), PIECE)
_ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_PROMISED = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


class Fault(StrEnum):
    """What goes wrong with a request; IMPATIENT: nothing, for a client that is quick, but its answer has no end.

    JSON: nothing; the same words are said as JSON.
    """

    NONE = "none"
    JSON = "json"
    HANG = "hang"
    RESET = "reset"
    FLOOD = "flood"
    ERROR = "500"
    TRICKLE = "trickle"
    IMPATIENT = "impatient"


class Talk(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._unread = b""
        self._full = False
        self._stops = 0
        self._impatient = False
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The proxy is there."""
        self._transport = cast("asyncio.Transport", transport)

    def pause_writing(self) -> None:
        """It does not read."""
        self._full = True
        self._stops += 1
        if self._impatient:
            stop = self._stops
            self._later(IMPATIENCE, lambda: self._hang_up_on_full(stop))

    def resume_writing(self) -> None:
        """It does again."""
        self._full = False
        if self._impatient:
            self._fill()

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        waited = bool(self._unread)
        self._unread += data
        try:
            while (found := read_request(self._unread)) is not None:
                message, self._unread = found
                self._answer(message)
        except Broken:
            self._transport.abort()
        if self._unread and not waited and b"%b: %b" % (_FIELD, Fault.IMPATIENT.encode()) in self._unread.lower():
            self._later(IMPATIENCE, self._hang_up_on_half)

    def _answer(self, message: Message) -> None:
        fault = Fault(b"".join(message.values(_FIELD)).decode() or Fault.NONE)
        match fault:
            case Fault.NONE:
                self._say(b"200 OK", message)
            case Fault.JSON:
                body = b'{"said":"%b"}' % _words(message)
                self._transport.write(_JSON % (len(body), body))
            case Fault.ERROR:
                self._say(b"500 Broken", message)
            case Fault.HANG:
                return
            case Fault.RESET:
                self._transport.close()
            case Fault.FLOOD:
                self._transport.write(_ENDLESS)
                self._pour()
            case Fault.TRICKLE:
                self._transport.write(_PROMISED % TRICKLED)
                self._drip()
            case Fault.IMPATIENT:
                self._impatient = True
                self._transport.write(_ENDLESS)
                self._fill()
            case _:
                assert_never(fault)

    def _say(self, status: bytes, message: Message) -> None:
        body = _words(message)
        length = len(body) + len(_PADDING)
        self._transport.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b%b" % (status, length, body, _PADDING))

    def _pour(self) -> None:
        if not self._full:
            self._transport.write(_CHUNK)
        self._later(0.02, self._pour)

    def _fill(self) -> None:
        """Up to what the proxy and the system take for a client that does not read."""
        while not self._full and not self._transport.is_closing():
            self._transport.write(_CHUNK)

    def _drip(self) -> None:
        self._transport.write(b".")
        self._later(1.0, self._drip)

    def _hang_up_on_half(self) -> None:
        if self._unread:
            self._transport.close()

    def _hang_up_on_full(self, stop: int) -> None:
        if self._full and self._stops == stop:
            self._transport.abort()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, self._unless_gone, action)

    def _unless_gone(self, action: Callable[[], None]) -> None:
        if not self._transport.is_closing():
            action()


def _words(message: Message) -> bytes:
    return b"%b %b %d " % (message.words[1], b"".join(message.values(b"x-ask")), len(message.body))


def belongs_as_json(body: bytes, number: int, ask: Ask, sent: int) -> bool:
    """The same, of an answer in JSON."""
    try:
        return belongs(json.loads(body)["said"].encode(), number, ask, sent)
    except (ValueError, LookupError, TypeError):
        return False


def belongs(body: bytes, number: int, ask: Ask, sent: int) -> bool:
    """Whether it answers this very request."""
    target, asked, length, *_ = [*body.split(b" ", 3), b"", b"", b""]
    route = target.decode(errors="replace").rpartition("/")[0]
    expected = 0 if ask.method == "GET" else sent
    return route == f"/{ask.route}" and (asked, length) == (b"%d" % number, b"%d" % expected)


async def serve(host: str, port: int) -> None:
    """Until killed."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    server = await asyncio.get_running_loop().create_server(Talk, sock=sock, backlog=BACKLOG)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sys.argv[1], int(sys.argv[2])))
