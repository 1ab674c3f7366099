from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.link.reconnecting import PairLink
from tests.waiting import until

PATIENCE = 60.0


class Comparer:
    """A socket that reads what comes, or does not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read = bytearray()
        self.reading = asyncio.Event()
        self.reading.set()
        self.writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        self.server = await asyncio.start_unix_server(self._connected, str(self.path), limit=4096)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError):
            while True:
                await self.reading.wait()
                piece = await reader.read(65536)
                if not piece:
                    return
                self.read += piece

    def end(self) -> None:
        self.server.close()
        for writer in self.writers:
            writer.transport.abort()
        self.path.unlink(missing_ok=True)


@pytest.fixture
async def comparer(tmp_path: Path) -> AsyncIterator[Comparer]:
    made = Comparer(tmp_path / "pairs")
    yield made
    with contextlib.suppress(AttributeError):
        made.end()


@contextlib.asynccontextmanager
async def running(link: PairLink) -> AsyncIterator[None]:
    """The link keeps itself while the block runs."""
    task = asyncio.ensure_future(link.run())
    try:
        yield
    finally:
        link.end()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_ready(link: PairLink, *, ready: bool) -> None:
    await until(lambda: link.ready is ready)


async def arrived(comparer: Comparer, size: int) -> bytes:
    await until(lambda: len(comparer.read) >= size)
    return bytes(comparer.read)


async def test_frames_reach_the_comparer(comparer: Comparer) -> None:
    """In order, as they were given."""
    await comparer.start()
    link = PairLink(comparer.path)
    async with running(link):
        await until_ready(link, ready=True)

        assert all(link.offer(frame) for frame in (b"one", b"two"))
        assert await arrived(comparer, 6) == b"onetwo"


async def test_a_comparer_that_comes_late_or_again_is_found(comparer: Comparer) -> None:
    """Until it is there nothing is taken; one that dies is looked for again."""
    link = PairLink(comparer.path)
    async with running(link):
        await asyncio.sleep(0.02)

        assert (link.ready, link.offer(b"lost")) == (False, False)

        for expected in (b"first", b"second"):
            comparer.read.clear()
            await comparer.start()
            await until_ready(link, ready=True)

            assert link.offer(expected)
            assert await arrived(comparer, len(expected)) == expected

            comparer.end()
            await until_ready(link, ready=False)


async def test_a_comparer_that_does_not_read_is_not_waited_for(comparer: Comparer) -> None:
    """What waits for it is bounded; beyond, frames are refused, and taken again once it reads."""
    most = 1 << 20
    comparer.reading.clear()
    await comparer.start()
    link = PairLink(comparer.path, most)
    frame = b"x" * 100_000
    async with running(link):
        await until_ready(link, ready=True)
        taken = 0
        while link.offer(frame):
            taken += 1
            await asyncio.sleep(0)

        assert most - len(frame) <= taken * len(frame) < 4 * most

        comparer.reading.set()

        assert len(await arrived(comparer, taken * len(frame))) == taken * len(frame)

        await until_ready(link, ready=True)

        assert link.offer(frame)
