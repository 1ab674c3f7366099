"""A real HTTP server that keeps what is written to it, as a side of a migration does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from proxy.core.routing.route import Upstream


@dataclass(slots=True)
class Heard:
    """One request that it was sent."""

    method: str
    path: str
    body: bytes
    replay: bool
    key: str
    fields: dict[str, str]


@dataclass(slots=True)
class RecordingSide:
    """`agrees` to writes that were done before; answers `statuses` in turn, then 200; does one of a key once.

    Reads give what was written, and are not in `heard`.
    """

    agrees: bool = True
    statuses: list[int] = field(default_factory=list)
    body: bytes = b"{}"
    heard: list[Heard] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    rows: dict[str, bytes] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    def __post_init__(self) -> None:
        """It answers at once unless a test clears `go_on`."""
        self.go_on.set()

    def upstream(self, name: str) -> Upstream:
        return Upstream(name=name, scheme="http", host="127.0.0.1", port=self.port, applies="/applies")

    async def answer(self, request: web.Request) -> web.Response:
        replay = request.headers.get("X-Banyan-Replay") == "1"
        if request.method == "GET":
            return web.Response(body=self.rows.get(request.path, self.body), content_type="application/json")
        if request.method == "OPTIONS":
            fields = {"X-Banyan-Replay": "accepted"} if self.agrees and replay else {}
            return web.Response(headers=fields)
        body, key = await request.read(), request.headers.get("Idempotency-Key", "")
        self.heard.append(Heard(request.method, request.path, body, replay, key, dict(request.headers)))
        self.arrived.set()
        await self.go_on.wait()
        status = self.statuses.pop(0) if self.statuses else 200
        if status < 300 and key not in self.applied:
            self.applied.append(key)
            self.rows[request.path] = body
        return web.Response(status=status, body=self.body, content_type="application/json")


@asynccontextmanager
async def serving(side: RecordingSide) -> AsyncIterator[RecordingSide]:
    """It listens for the length of the block."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", side.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", side.port)
    await site.start()
    side.port = runner.addresses[0][1]
    try:
        yield side
    finally:
        await runner.cleanup()
