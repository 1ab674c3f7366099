"""`python -m holds.endurance.system NAME PORT FILE`: an upstream in a process of its own, to be killed and started.

It reads with the tests' strict parser, answers with its name and what it was asked, and writes one line into FILE for
every request that may change something before it answers: what was executed twice shows there.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import cast

import uvloop

from tests.wire.reference import Broken, Message, read_request

PADDING = b"." * 1500
LARGE = b"." * 8 * 1024 * 1024
"""For targets below /large: more than the system's buffers hold for a client that reads slowly."""


class Talk(asyncio.Protocol):
    """One connection; `lines` are more of each answer's head."""

    lines = b""

    def __init__(self, name: bytes, executed: int) -> None:
        """`executed` is a file descriptor that appends."""
        self._name = name
        self._executed = executed
        self._unread = b""
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The proxy is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._unread += data
        try:
            while (found := read_request(self._unread)) is not None:
                message, self._unread = found
                self._answer(message)
        except Broken as broken:
            os.write(self._executed, b"BROKEN %b\n" % str(broken).encode())
            self._transport.abort()

    def _answer(self, message: Message) -> None:
        asked = b"".join(message.values(b"x-ask"))
        if message.words[0] != b"GET":
            os.write(self._executed, asked + b"\n")
        padding = LARGE if message.words[1].startswith(b"/large") else PADDING
        body = b"%b %b %d " % (self._name, asked, len(message.body))
        length = len(body) + len(padding)
        self._transport.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (self.lines, length, body))
        self._transport.write(padding)


async def serve(name: str, port: int, file: str) -> None:
    """Until killed."""
    executed = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    server = await asyncio.get_running_loop().create_server(lambda: Talk(name.encode(), executed), sock=sock)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
