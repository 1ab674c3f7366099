"""The published cases of load that a test has time for: UP11, LM06, LM07, LM10, FT04; the rest: `holds/`.

Memory is looked at from outside, in a data plane that is a process of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import websockets.asyncio.client as ws_client
import websockets.asyncio.server as ws_server
from websockets.exceptions import ConnectionClosed

from tests.wire.ask import GET, ask_once
from tests.wire.plane import on_uvloop, serving, snapshot_for, troubles
from tests.wire.play import PATIENCE, Client, is_poisoned
from tests.wire.recorder import Recorder, listening
from tests.wire.upstream import Talk, Upstream, says

MIB = 1024 * 1024
PIECE = bytes(range(256)) * 1024
PIECES = 256
"""64 MiB in all."""
IDLE = 1000
PER_IDLE = 16 * 1024


class Outside:
    """A data plane in another process."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self._pid = process.pid

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds."""
        return int(Path(f"/proc/{self._pid}/statm").read_text(encoding="ascii").split()[1]) * 4096


def started(*arguments: str) -> Iterator[Outside]:
    """A data plane, until the test is over."""
    command = [sys.executable, "-m", "tests.wire.process", *arguments]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Outside(process, int(process.stdout.readline()))
        process.communicate("\n")


@pytest.fixture
def outside() -> Iterator[Outside]:
    yield from started()


# -- UP11 -------------------------------------------------------------------------------------------------------------

Script = Callable[[ws_client.ClientConnection], Awaitable[list[object]]]


async def speak(socket: ws_client.ClientConnection) -> list[object]:
    """Texts, bytes, fragments, a ping; what came back."""
    messages: list[str | bytes] = ["", "a", "é" * 200, b"\x00\xff" * 40_000, "x" * 70_000]
    heard: list[object] = []
    for message in messages:
        await socket.send(message)
        heard.append(await socket.recv())
    await socket.send(iter(["frag", "men", "ts"]))
    heard.append(await socket.recv())
    await (await socket.ping(b"are you there"))
    await socket.close(4321, "enough")
    return [*heard, socket.close_code, socket.close_reason]


async def violate(socket: ws_client.ClientConnection) -> list[object]:
    """A frame that is none, behind the library's back; how the server ends it."""
    socket.transport.write(b"\xff\xff\xff\xff")
    with suppress(ConnectionClosed):
        await socket.recv()
    return [socket.protocol.close_rcvd.code if socket.protocol.close_rcvd else None]


@pytest.mark.parametrize("compression", ["deflate", None])
@pytest.mark.parametrize("script", [speak, violate])
async def test_up11_a_websocket_is_through_the_proxy_what_it_is_without(
    script: Script, compression: str | None
) -> None:
    """UP11: messages of every kind, fragments, pings, compression, closing codes and violations end alike."""

    async def echo(socket: ws_server.ServerConnection) -> None:
        async for message in socket:
            await socket.send(message)

    with troubles() as found:
        async with ws_server.serve(echo, "127.0.0.1", 0, max_size=None) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            async with serving(snapshot_for(port, port)) as plane:
                ends = []
                for each in (port, plane.port):
                    url = f"ws://127.0.0.1:{each}/ws/new"
                    async with ws_client.connect(url, compression=compression, max_size=None, proxy=None) as socket:
                        ends.append(await script(socket))

    assert ends[0] == ends[1]
    assert found == []


# -- LM06 -------------------------------------------------------------------------------------------------------------


class Streaming:
    """An upstream that sends, or takes, 64 MiB; `digest` of what it took."""

    def __init__(self) -> None:
        self.digest = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST"):
            self.digest = await digest_of(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (PIECES * len(PIECE)))
            await pour(writer)
        await writer.drain()
        writer.close()


async def pour(writer: asyncio.StreamWriter) -> None:
    for _ in range(PIECES):
        writer.write(PIECE)
        await writer.drain()


async def digest_of(reader: asyncio.StreamReader) -> str:
    digest = hashlib.blake2b()
    for _ in range(PIECES):
        digest.update(await reader.readexactly(len(PIECE)))
    return digest.hexdigest()


def test_lm06_large_bodies_pass_whole_and_leave_memory_as_it_was() -> None:
    """LM06: 64 MiB down and 64 MiB up arrive byte for byte, and the data plane grows by less than 32 MiB."""
    whole = hashlib.blake2b(PIECE * PIECES).hexdigest()
    down, up, grown = on_uvloop(both_ways)

    assert (down, up) == (whole, whole)
    assert grown < 32 * MIB


async def both_ways() -> tuple[str, str, int]:
    streaming = Streaming()
    sock = listening()
    server = await asyncio.start_server(streaming.talk, sock=sock)
    with contextmanager(started)("0", str(sock.getsockname()[1])) as outside:
        before = outside.resident
        reader, writer = await asyncio.open_connection("127.0.0.1", outside.port)
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        down = await digest_of(reader)
        writer.write(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (PIECES * len(PIECE)))
        await pour(writer)
        await reader.readuntil(b"\r\n\r\nok")
        writer.close()
        grown = outside.resident - before
    server.close()
    return down, streaming.digest, grown


# -- LM07, LM10 -------------------------------------------------------------------------------------------------------


def test_lm07_idle_connections_cost_little_and_nobody_waits_for_them(outside: Outside) -> None:
    """LM07: a thousand clients that have asked once and stay cost less than 16 KiB each; the next one is served."""

    async def stay() -> int:
        before = outside.resident
        clients = [await Client.to(outside.port) for _ in range(IDLE)]
        for client in clients:
            await client.send(GET)
        for client in clients:
            assert (await client.hear(1)).statuses == [200]
        grown = outside.resident - before
        assert await is_poisoned(outside.port) == ""
        for client in clients:
            client.close()
        return grown

    assert on_uvloop(stay) < IDLE * PER_IDLE


async def test_lm10_a_storm_that_takes_every_file_passes() -> None:
    """LM10: more connections than the process may open files: when they have gone, clients are served again."""
    recorder = Recorder()
    await recorder.start()
    with contextmanager(started)("64", str(recorder.port)) as outside:
        storm = [await Client.to(outside.port) for _ in range(200)]
        for each in storm:
            await each.send(GET)
        for each in storm:
            each.close()
        await until_served(outside.port)
    recorder.stop()


async def until_served(port: int) -> None:
    """While the storm's connections are still being taken apart, a new one may be closed or refused; soon none is."""
    async with asyncio.timeout(PATIENCE):
        served = False
        while not served:
            client = await Client.to(port)
            await client.send(GET)
            served = (await client.hear(1)).statuses == [200]
            client.close()


# -- FT04 -------------------------------------------------------------------------------------------------------------


async def test_ft04_a_slow_system_is_capped_and_the_other_does_not_notice() -> None:
    """FT04: of 30 who ask a system that trickles, 10 may wait and the rest hears 503; legacy serves everybody."""
    trickling = asyncio.Event()

    async def trickle(talk: Talk, upstream: Upstream) -> None:
        while await upstream.next_request(talk) is not None:
            await talk.say(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"))
            await trickling.wait()
            await talk.say(says(b"k"))

    legacy, new = Recorder(), Upstream(trickle)
    await legacy.start()
    await new.start()
    async with serving(snapshot_for(legacy.port, new.port, upstream="connections: 4, queue: 6")) as plane:
        clients = [await Client.to(plane.port) for _ in range(30)]
        for client in clients:
            await client.send(GET.replace(b"/x", b"/api/v2/x"))
        refused = [client for client in clients[10:] if (await client.hear(1)).statuses == [503]]
        served = [(await ask_once(plane.port, GET)).statuses for _ in range(50)]
        trickling.set()
        waited = [(await client.hear(1)).statuses for client in clients[:10]]
        for client in clients:
            client.close()
    legacy.stop()
    new.stop()

    assert len(refused) == 20
    assert served == [[200]] * 50
    assert waited == [[200]] * 10
    assert len(new.talks) == 4
