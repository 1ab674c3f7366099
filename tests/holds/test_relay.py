from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from holds.state.relay import Relay


@asynccontextmanager
async def parrot(path: Path) -> AsyncIterator[None]:
    """Says again what it hears."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    server = await asyncio.start_unix_server(talk, str(path))
    yield
    server.close()


@pytest.mark.parametrize("delay", [0.0, 0.01])
async def test_everything_is_handed_on_in_its_order(tmp_path: Path, delay: float) -> None:
    """Both directions, however late each piece is; the end of one side is the end of the other."""
    async with parrot(tmp_path / "s"), Relay(tmp_path / "s").running() as relay:
        relay.delay = delay
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        for each in (b"one", b"two", b"three"):
            writer.write(each)
            assert await reader.readexactly(len(each)) == each
        writer.close()
        await writer.wait_closed()


async def test_a_server_that_is_away_is_felt_as_one(tmp_path: Path) -> None:
    """A connection that leads nowhere ends at once, and the relay takes the next when the server is back."""
    async with Relay(tmp_path / "s").running() as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        assert await _ends(reader)
        writer.close()
        async with parrot(tmp_path / "s"):
            reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
            writer.write(b"again")
            assert await reader.readexactly(5) == b"again"
            writer.close()
            await writer.wait_closed()


async def test_what_is_kept_back_comes_when_it_may(tmp_path: Path) -> None:
    """In its order, and what is answered is not kept back."""
    may, kept = asyncio.Event(), asyncio.Event()

    async def keep(data: bytes) -> None:
        if data == b"second":
            kept.set()
            await may.wait()

    async with parrot(tmp_path / "s"), Relay(tmp_path / "s", keep).running() as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(b"first")
        assert await reader.readexactly(5) == b"first"
        writer.write(b"second")
        await kept.wait()
        may.set()
        assert await reader.readexactly(6) == b"second"
        writer.close()
        await writer.wait_closed()


async def _ends(reader: asyncio.StreamReader) -> bool:
    """In order or by a reset."""
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True
