"""Many connections and large transfers at once against a real worker whose memory has a cap."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.e2e.program import program

MIB = 1 << 20
CAP = 128 * MIB
CLIENTS, TRANSFERS, LENGTH = 2000, 16, 64 * MIB
ROUTE = "  - { name: a, match: /**, stage: legacy }\nlimits: { memory: 128MiB, head: 10m }\n"
"""Heads wait while all transfers pass, which a busy machine takes its time for."""


@asynccontextmanager
async def generous() -> AsyncIterator[int]:
    """An upstream whose every answer is long, but for the one at `/`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/":
            return web.Response(text="hi")
        response = web.StreamResponse(headers={"Content-Length": str(LENGTH)})
        await response.prepare(request)
        for _ in range(LENGTH // MIB):
            await response.write(bytes(MIB))
        return response

    application = web.Application()
    application.router.add_get("/{rest:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def transfer(url: str) -> int:
    """How many bytes of a long answer came."""
    async with aiohttp.ClientSession() as session, session.get(url + "/long") as response:
        return sum([len(piece) async for piece in response.content.iter_any()])


async def ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The status of a request whose end is sent now."""
    writer.write(b"\r\n")
    line = await reader.readline()
    writer.close()
    return line[9:12]


def highest(pid: int) -> int:
    """The most bytes that a process ever had in memory."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) * 1024


async def test_ft20_no_load_takes_a_worker_past_its_cap(tmp_path: Path) -> None:
    """FT20: beside 2,000 clients 1 GiB passes through; whoever is not answered is told 503, and nobody is killed."""
    async with generous() as port, program(tmp_path, ROUTE, legacy=port, new=port) as banyan:
        worker = banyan.child("worker-0")
        clients = [await asyncio.open_connection("127.0.0.1", banyan.listen) for _ in range(CLIENTS)]
        for _, writer in clients:
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n")
        lengths = await asyncio.gather(*(transfer(banyan.url) for _ in range(TRANSFERS)))
        answers = Counter(await asyncio.gather(*(ended(*each) for each in clients)))

        assert set(lengths) == {LENGTH}
        assert answers.keys() <= {b"200", b"503"}
        assert answers[b"200"]
        assert highest(worker) < CAP
        assert banyan.child("worker-0") == worker
