from __future__ import annotations

import asyncio
import gc
from hashlib import sha256
from pathlib import Path

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import read_chunk
from tests.edge.raw_client import get, request
from tests.edge.scripted import PATIENCE, Peer, always, sized

pytestmark = BOTH

MIB = 1024 * 1024
PIECE = bytes(range(256)) * 256
TOTAL = 64 * MIB
"""More than all buffers of the system between two ends hold."""
FLAT = 24 * MIB
"""What the whole process, both ends and their buffers included, may grow by."""


class Progress:
    """How far a sender has come."""

    def __init__(self) -> None:
        self.sent = 0

    async def send(self, writer: asyncio.StreamWriter, *, chunked: bool) -> None:
        """TOTAL bytes of a body, no faster than they are taken."""
        while self.sent < TOTAL:
            writer.write(b"%x\r\n%b\r\n" % (len(PIECE), PIECE) if chunked else PIECE)
            await writer.drain()
            self.sent += len(PIECE)
        writer.write(b"0\r\n\r\n" if chunked else b"")

    async def stall(self) -> None:
        """Wait until no more is taken."""
        async with asyncio.timeout(PATIENCE):
            before = -1
            while before != self.sent or not self.sent:
                before = self.sent
                await asyncio.sleep(0.1)


async def test_a_client_that_does_not_read_stops_the_upstream(play: Play, serve: Serve) -> None:
    """64 MiB to a client that stalls: the upstream is paused, memory stays flat, and all of it arrives later (LM05)."""
    for chunked in (False, True):
        progress = Progress()
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % TOTAL

        async def sending(peer: Peer, progress: Progress = progress, framing: bytes = framing) -> None:
            await peer.request()
            await peer.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
            await progress.send(peer.writer, chunked=b"chunked" in framing)
            await peer.rest()

        proxy = await serve(await play(sending))
        client = await proxy.client()
        before = _resident()
        await client.send(get())
        await progress.stall()

        assert progress.sent < TOTAL
        assert proxy.buffered < MIB

        await client.head()

        assert await _read_through(client.reader, chunked=chunked) == _whole()
        assert _resident() - before < FLAT


async def test_an_upstream_that_does_not_read_stops_the_client(play: Play, serve: Serve) -> None:
    """64 MiB to an upstream that stalls: the client is paused, memory stays flat, and all of it arrives later."""
    for chunked in (False, True):
        go_on = asyncio.Event()

        async def reading(peer: Peer, go_on: asyncio.Event = go_on) -> None:
            head = await peer.head()
            await go_on.wait()
            digest = await _read_through(peer.reader, chunked=head.value(b"Content-Length") is None)
            await peer.send(sized(digest))

        proxy = await serve(await play(reading))
        client = await proxy.client()
        progress = Progress()
        before = _resident()
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % TOTAL
        await client.send(request(b"POST", b"/", framing))
        sending = asyncio.ensure_future(progress.send(client.writer, chunked=chunked))
        await progress.stall()

        assert progress.sent < TOTAL
        assert proxy.buffered < MIB

        go_on.set()
        await sending

        assert (await client.response()).body == _whole()
        assert _resident() - before < FLAT


@pytest.mark.timing
async def test_a_response_that_ends_while_its_client_is_slow_leaves_a_clean_connection(
    play: Play, serve: Serve
) -> None:
    """However much of a response waits for its client at its end, the upstream's connection serves the next request."""
    legacy = await play(always(sized(b"x" * 3 * MIB)))
    proxy = await serve(legacy, waits={"response": "2s"})
    slow = await proxy.client()
    await slow.send(get())
    await asyncio.sleep(0.3)
    for _ in range(3):
        assert len((await proxy.ask(get())).body) == 3 * MIB

    assert len((await slow.response()).body) == 3 * MIB


@pytest.mark.timing
async def test_every_size_around_the_high_water_mark_leaves_a_clean_connection(play: Play, serve: Serve) -> None:
    """Responses whose last read overfills the client's buffer, by a little or a lot, do not stop the next one."""
    sizes = [20_000 * number for number in range(3, 30)]
    left = iter(sizes)

    async def growing(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await peer.send(sized(b"x" * next(left)))

    legacy = await play(growing)
    proxy = await serve(legacy, waits={"response": "2s"}, send=16 * 1024)
    for size in sizes:
        client = await proxy.client(receive=4096)
        client.stop_reading()
        await client.send(get())
        await asyncio.sleep(0.02)
        client.go_on_reading()

        assert len((await client.response()).body) == size

    assert len(legacy.peers) == 1


def _whole() -> bytes:
    return sha256(PIECE * (TOTAL // len(PIECE))).hexdigest().encode("ascii")


async def _read_through(reader: asyncio.StreamReader, *, chunked: bool) -> bytes:
    """The digest of TOTAL bytes of payload."""
    digest, left = sha256(), TOTAL
    async with asyncio.timeout(30):
        while left:
            piece = await read_chunk(reader) if chunked else await reader.readexactly(min(left, len(PIECE)))
            digest.update(piece)
            left -= len(piece)
        if chunked:
            assert await reader.readexactly(5) == b"0\r\n\r\n"
    return digest.hexdigest().encode("ascii")


def _resident() -> int:
    """Bytes of memory that this process has."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
