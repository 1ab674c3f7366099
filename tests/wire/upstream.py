"""An upstream that says exact bytes: each request is answered by the next line of a script, probes by themselves."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto

from tests.wire.plane import Plane, serving, snapshot_for, troubles
from tests.wire.play import PATIENCE, is_poisoned
from tests.wire.recorder import PROBE, listening
from tests.wire.reference import Message, read_request

PROBED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nprobe"


class After(Enum):
    """What the upstream does when it has answered."""

    STAYS = auto()
    CLOSES = auto()
    RESETS = auto()


@dataclass(frozen=True, slots=True)
class Says:
    """One answer: its bytes, each part in a write of its own, and what comes after."""

    parts: tuple[bytes, ...]
    after: After = After.STAYS


def says(*parts: bytes, after: After = After.STAYS) -> Says:
    """An answer."""
    return Says(parts, after)


class Talk:
    """One connection of the proxy to the upstream. `ended` is set when the proxy has closed it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.ended = asyncio.Event()
        self.unread = b""

    async def request(self) -> Message | None:
        """The next whole request; None when the proxy has left."""
        while (found := read_request(self.unread)) is None:
            data = await self.read()
            if not data:
                return None
            self.unread += data
        message, self.unread = found
        return message

    async def head(self) -> None:
        """The next request's head and whatever came with it."""
        while b"\r\n\r\n" not in self.unread:
            data = await self.read()
            assert data, "the proxy left before its request's head was whole"
            self.unread += data

    async def read(self) -> bytes:
        """Some bytes; none at the end."""
        try:
            data = await self.reader.read(65536)
        except OSError:
            data = b""
        if not data:
            self.ended.set()
        return data

    async def read_to_end(self) -> int:
        """Everything until the proxy leaves; how much that was."""
        count = 0
        while data := await self.read():
            count += len(data)
        return count

    async def say(self, answer: Says) -> None:
        """Send it; False when nothing may come after."""
        with suppress(OSError):
            for part in answer.parts:
                self.writer.write(part)
                await self.writer.drain()
        if answer.after is After.RESETS:
            self.reset()
        elif answer.after is After.CLOSES:
            self.writer.close()

    def reset(self) -> None:
        """End with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def left(self) -> None:
        """Wait until the proxy has closed this connection."""
        async with asyncio.timeout(PATIENCE):
            await self.ended.wait()


Script = Callable[[Talk, "Upstream"], Awaitable[None]]


class Upstream:
    """A listening upstream. `requests` are the whole ones, probes left out, with the number of their connection."""

    def __init__(self, script: Script) -> None:
        self.port = 0
        self.talks: list[Talk] = []
        self.requests: list[tuple[int, Message]] = []
        self.errors: list[str] = []
        self._script = script
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port."""
        sock = listening()
        self.port = sock.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=sock)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = Talk(reader, writer)
        self.talks.append(talk)
        try:
            await self._script(talk, self)
        except Exception as error:  # noqa: BLE001 -- told to the test
            self.errors.append(repr(error))

    async def next_request(self, talk: Talk) -> Message | None:
        """The next one that is no probe; probes are answered."""
        while (message := await talk.request()) is not None:
            if not message.words[1].endswith(PROBE):
                self.requests.append((self.talks.index(talk), message))
                return message
            talk.writer.write(PROBED)
        return None

    def stop(self) -> None:
        """Leave everybody."""
        if self._server is not None:
            self._server.close()
        for talk in self.talks:
            talk.writer.transport.abort()


def answers(*script: Says) -> Script:
    """Each request gets the next answer, on whatever connection it comes; the last one is for all that follow."""
    left = list(script)

    async def serve(talk: Talk, upstream: Upstream) -> None:
        while await upstream.next_request(talk) is not None:
            await talk.say(left.pop(0) if len(left) > 1 else left[0])

    return serve


@asynccontextmanager
async def behind(script: Script, *, keys: str = "", limits: str = "") -> AsyncIterator[tuple[Plane, Upstream]]:
    """A data plane before an upstream that is legacy and new alike; afterwards fresh clients get their own answers."""
    upstream = Upstream(script)
    await upstream.start()
    with troubles() as found:
        async with serving(snapshot_for(upstream.port, upstream.port, upstream=keys, limits=limits)) as plane:
            yield plane, upstream
            assert await is_poisoned(plane.port) == ""
    upstream.stop()
    assert found == []
    assert upstream.errors == []
