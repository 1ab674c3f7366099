"""The published cases of processes that end, DR01 to DR08, each by its id: real processes, real signals."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.e2e.program import free_port, program, started, system, text_of, write

ROUTES = '  - {{ name: rest, match: "/**", stage: {stage}, upgrades: [websocket] }}\n'
LEGACY = ROUTES.format(stage="legacy")
PIECES, PIECE = 12, b"p" * 100_000


@asynccontextmanager
async def slow_system(begun: asyncio.Event) -> AsyncIterator[int]:
    """An upstream that sends and takes bodies slowly, and echoes on WebSockets; the port."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/ws":
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for message in socket:
                await socket.send_str(message.data)
            return socket
        if request.path == "/up":
            return web.Response(text=str(len(await request.read())))
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(PIECES):
            await response.write(PIECE)
            begun.set()
            await asyncio.sleep(0.1)
        return response

    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def slowly() -> AsyncIterator[bytes]:
    """A body that takes about a second."""
    for _ in range(PIECES):
        yield PIECE
        await asyncio.sleep(0.1)


async def is_refused(port: int) -> bool:
    """Whether a new client cannot connect."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return False


async def test_dr01_a_drain_lets_an_upload_and_a_download_finish(tmp_path: Path) -> None:
    """DR01: SIGTERM in the middle of both: every byte arrives, newcomers are refused meanwhile, the exit code is 0."""
    begun = asyncio.Event()
    async with (
        slow_system(begun) as legacy,
        program(tmp_path, LEGACY, legacy=legacy, new=legacy) as banyan,
        aiohttp.ClientSession() as session,
    ):

        async def download() -> int:
            async with session.get(banyan.url + "/down") as response:
                return len(await response.read())

        async def upload() -> str:
            async with session.post(banyan.url + "/up", data=slowly()) as response:
                return await response.text()

        both = asyncio.gather(download(), upload())
        await begun.wait()
        banyan.signal(signal.SIGTERM)
        refused = False
        while not both.done():
            refused = refused or await is_refused(banyan.listen)
            await asyncio.sleep(0.02)

        downloaded, uploaded = await both
        assert (downloaded, int(uploaded)) == (PIECES * len(PIECE), PIECES * len(PIECE))
        assert refused
        assert await banyan.ended() == 0


async def test_dr04_a_killed_worker_takes_only_its_own_requests_with_it(tmp_path: Path) -> None:
    """DR04: of two workers one is killed under load: what the other serves goes on, and two serve again."""
    async with (
        system("legacy") as legacy,
        program(tmp_path, LEGACY, legacy=legacy, new=legacy, workers=2) as banyan,
    ):
        clients = [await asyncio.open_connection("127.0.0.1", banyan.listen) for _ in range(24)]
        assert all([await ask(*client) for client in clients])
        os.kill(banyan.child("worker-1"), signal.SIGKILL)
        await banyan.until_logged("child_died")
        await banyan.until_logged("worker_started", 3)
        alive = [await ask(*client) for client in clients]
        fresh = [await asyncio.open_connection("127.0.0.1", banyan.listen) for _ in range(24)]
        served = [await ask(*client) for client in fresh]
        await leave(clients + fresh)

        assert 0 < alive.count(True) < len(clients)
        assert all(served)
        assert len(banyan.events("child_died")) == 1


async def leave(clients: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
    """Close all of them."""
    for _, writer in clients:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether this connection still serves."""
    try:
        writer.write(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len("legacy"))
    except (OSError, asyncio.IncompleteReadError):
        return False
    return head.startswith(b"HTTP/1.1 200 ")


async def test_dr07_a_drain_ends_idle_connections_at_once_and_tunnels_at_the_grace(tmp_path: Path) -> None:
    """DR07: 100 idle clients are let go while 10 WebSockets still speak; the grace ends these; the exit code is 0."""
    async with slow_system(asyncio.Event()) as legacy:
        listen, admin = free_port(), free_port()
        text = text_of(LEGACY, listen=listen, admin=admin, legacy=legacy, new=legacy)
        (tmp_path / "routes.yaml").write_text(text.replace("drain: 10s", "drain: 2s"))
        async with started(tmp_path, listen, admin) as banyan, aiohttp.ClientSession() as session:
            idle = [await asyncio.open_connection("127.0.0.1", listen) for _ in range(100)]
            sockets = [await session.ws_connect(banyan.url + "/ws") for _ in range(10)]
            await banyan.until_metric("banyan_connections", 110)
            banyan.signal(signal.SIGTERM)
            ends = [await reader.read() for reader, _ in idle]
            for socket in sockets:
                await socket.send_str("still")
            said = [await socket.receive_str() for socket in sockets]
            code = await banyan.ended()

            assert set(ends) == {b""}
            assert said == ["still"] * 10
            assert {(await socket.receive()).type for socket in sockets} <= {
                aiohttp.WSMsgType.CLOSE,
                aiohttp.WSMsgType.CLOSED,
                aiohttp.WSMsgType.ERROR,
            }
            assert code == 0
            await leave(idle)


async def test_dr08_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    """DR08: SIGTERM drains for tunnels that never end, the second one cuts them, without waiting for the grace."""
    async with (
        slow_system(asyncio.Event()) as legacy,
        program(tmp_path, LEGACY, legacy=legacy, new=legacy) as banyan,
        aiohttp.ClientSession() as session,
    ):
        socket = await session.ws_connect(banyan.url + "/ws")
        banyan.signal(signal.SIGTERM)
        await banyan.until_logged("worker_draining")
        assert banyan.process.returncode is None
        banyan.signal(signal.SIGTERM)
        code = await banyan.ended()
        await socket.close()

        assert code == 0


async def test_dr08_sigint_drains_and_sighup_reads_the_file(tmp_path: Path) -> None:
    """DR08: SIGHUP takes an edit over, SIGINT drains and exits 0."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, LEGACY, legacy=legacy, new=new) as banyan,
    ):
        write(banyan.file, banyan.file.read_text().replace("stage: legacy", "stage: live"))
        banyan.signal(signal.SIGHUP)
        await banyan.until_logged("config_reloaded")
        banyan.signal(signal.SIGINT)

        assert await banyan.ended() == 0
        assert banyan.events("child_died") == []
