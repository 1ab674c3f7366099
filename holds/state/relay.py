"""A relay before a server on a Unix socket: it hands every piece on, as late as it is told to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

PIECE = 64 * 1024


async def _at_once(_: bytes) -> None:
    """Keep nothing back."""


class Relay:
    """On a port of loopback. `delay` in seconds counts for every piece, in both directions, from the next one on."""

    def __init__(self, behind: Path, asked: Callable[[bytes], Awaitable[None]] = _at_once) -> None:
        """`behind` is the socket of the server, which may come and go; each piece for it is kept back by `asked`."""
        self.delay = 0.0
        self.port = 0
        self._behind = behind
        self._asked = asked
        self._serving: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Relay]:
        """Takes connections until the block is left."""
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = int(server.sockets[0].getsockname()[1])
        try:
            yield self
        finally:
            server.close()
            for each in self._serving:
                each.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answers, asked = await asyncio.open_unix_connection(str(self._behind))
        except OSError:
            writer.transport.abort()  # as a machine says that on which nobody listens
            return
        ways = ((reader, asked, self._asked), (answers, writer, _at_once))
        pumps = [asyncio.ensure_future(self._pump(*each)) for each in ways]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for end in (asked, writer):
                end.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        kept_back: Callable[[bytes], Awaitable[None]],
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE):
                await kept_back(data)
                await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
