"""A network before a database, on which a statement may stay as long as a test likes, and longer than its sender."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from proxy.tasks import Tasks

EXECUTE = b"E\0\0\0\x09\0"
"""Has a statement executed, for all of its rows or for the first, whose text and values come before."""


@dataclass(slots=True)
class SlowNetwork:
    """`address` is the database behind it. A statement to be executed that has `slow` in it arrives after `arrive`."""

    address: str = ""
    slow: bytes = b""
    arrive: asyncio.Event = field(default_factory=asyncio.Event)

    async def carry(self, start: asyncio.StreamReader, end: asyncio.StreamWriter, *, may_stay: bool) -> None:
        """One direction of a connection, to its end."""
        with contextlib.suppress(ConnectionError):
            while data := await start.read(65536):
                if may_stay and self.slow and self.slow in data and EXECUTE in data:
                    await self.arrive.wait()
                end.write(data)
        end.close()


@asynccontextmanager
async def slow_network(database: str) -> AsyncIterator[SlowNetwork]:
    """Before the database at this address, which names a folder of sockets."""
    found, network, tasks = urlsplit(database), SlowNetwork(), Tasks()
    writers: list[asyncio.StreamWriter] = []
    (folder,) = parse_qs(found.query)["host"]

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, there = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
        tasks.start(network.carry(back, writer, may_stay=False), name="answers")
        tasks.start(network.carry(reader, there, may_stay=True), name="questions")
        writers.extend((writer, there))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    network.address = found._replace(netloc=f"{found.username}@127.0.0.1:{port}", query="").geturl()
    yield network
    network.arrive.set()
    server.close()
    for writer in writers:
        writer.close()
    await tasks.done()
