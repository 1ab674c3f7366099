"""Upstreams that write down every byte they get and read it with the strict reader."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

from tests.wire.reference import Broken, Message, read_request

PROBE = b"/probe"
"""Targets that end so belong to the probe after a case, and are not part of its record."""


def listening() -> socket.socket:
    """A bound socket on a free port of loopback."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", 0))
    return bound


class Recorder:
    """One upstream. `requests` are those that came whole, `broken` says what was not HTTP."""

    def __init__(self) -> None:
        self.requests: list[Message] = []
        self.broken: list[str] = []
        self.probes = 0
        self.port = 0
        self._read: list[bytes] = []
        self._talks: list[Talk] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        sock = listening()
        self.port = sock.getsockname()[1]
        self._server = await asyncio.get_running_loop().create_server(self._talk, sock=sock)

    def _talk(self) -> Talk:
        talk = Talk(self)
        self._talks.append(talk)
        return talk

    def clear(self, *, unfinished: bool = False) -> None:
        """Forget what was read; connections stay, but for those that hold a part of a request when `unfinished`."""
        for talk in [each for each in self._talks if unfinished and each.unread]:
            talk.transport.abort()
        self.requests.clear()
        self.broken.clear()
        self._read.clear()
        self._talks = [talk for talk in self._talks if not talk.transport.is_closing()]

    @property
    def raw(self) -> bytes:
        """All bytes but the probes'."""
        return b"".join([*self._read, *(talk.unread for talk in self._talks)])

    @property
    def unfinished(self) -> int:
        """Connections that hold a part of a request."""
        return sum(1 for talk in self._talks if talk.unread)

    def take(self, message: Message, data: bytes) -> bytes:
        """Write a whole request down; its answer's body."""
        if message.words[1].endswith(PROBE):
            self.probes += 1
            return b"probe"
        self.requests.append(message)
        self._read.append(data)
        return b"ok"

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for talk in self._talks:
            talk.transport.abort()


class Talk(asyncio.Protocol):
    """One connection to a recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self.unread = b""
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._recorder = recorder

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.unread += data
        try:
            while (found := read_request(self.unread)) is not None:
                message, rest = found
                body = self._recorder.take(message, self.unread[: len(self.unread) - len(rest)])
                self.unread = rest
                shown = b"" if message.words[0] == b"HEAD" else body
                self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), shown))
        except Broken as broken:
            self._recorder.broken.append(str(broken))
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            self.transport.close()
