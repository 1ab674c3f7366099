"""One throw-away PostgreSQL for the whole programs of a file, and a side that books what it is sent."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from proxy.store.embedded.embedded_postgres import Embedded


@pytest.fixture(scope="module")
def database() -> Iterator[Embedded]:
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        server = Embedded(Path(folder), durable=True, patience=120.0)
        asyncio.run(server.start())
        yield server
        asyncio.run(server.stop())


class Booking:
    """A side that books each request and answers once `go` is set; what it booked by key."""

    def __init__(self) -> None:
        self.port = 0
        self.booked: list[str] = []
        self.go = asyncio.Event()
        self.go.set()

    async def answer(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            await request.read()
            self.booked.append(request.headers["Idempotency-Key"])
            await self.go.wait()
        return web.json_response({"number": len(self.booked)}, status=201)


@asynccontextmanager
async def booking() -> AsyncIterator[Booking]:
    """Listens until the block ends."""
    side = Booking()
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", side.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    side.port = int(runner.addresses[0][1])
    try:
        yield side
    finally:
        side.go.set()
        await runner.cleanup()
