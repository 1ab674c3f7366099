"""`python -m holds.state.differing NAME PORT`: answers JSON, in which new differs from legacy in a known share.

Rule 1: which numbers differ, and in what, is said by functions here, so that who asked can say what must be found.
Rule 2: below /flood every answer of new differs at `PATHS` places of its own: far more evidence than requests.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import cast

import uvloop

from holds.asking import Ask
from tests.wire.reference import Message, read_request

EVERY = 20
"""One number in so many differs on the route `watched`; every other number is asked there."""
PATHS = 10


def differs(route: str, number: int) -> bool:
    """Whether new answers that request otherwise than legacy."""
    return route == "flood" or (route == "watched" and number % EVERY == 0)


def body_of(name: str, route: str, number: int) -> bytes:
    """What the upstream of that name answers."""
    odd = name == "new" and differs(route, number)
    total = {"total": 100 + odd}
    if route == "flood":
        total = {f"of{letters(number)}{letters(each)}": each + odd for each in range(PATHS)}
    return json.dumps({"id": number, "state": "open", **total}).encode()


def letters(number: int) -> str:
    """A name for it without digits, which might be taken for an index."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def belongs(body: bytes, number: int, _ask: Ask, _sent: int) -> bool:
    """Whether it answers the request of that number."""
    try:
        told = json.loads(body)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("id") == number


class Talk(asyncio.Protocol):
    """One connection."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._unread = b""
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The proxy is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._unread += data
        while (found := read_request(self._unread)) is not None:
            message, self._unread = found
            self._answer(message)

    def _answer(self, message: Message) -> None:
        _, route, number = message.words[1].decode().split("/")
        body = body_of(self._name, route, int(number))
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def serve(name: str, port: int) -> None:
    """Until killed."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    server = await asyncio.get_running_loop().create_server(lambda: Talk(name), sock=sock)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sys.argv[1], int(sys.argv[2])))
