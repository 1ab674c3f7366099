"""Several Banyans over one PostgreSQL, upstreams whose faults can be switched on, and a steady load."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.program import Program, free_port, started, text_of

TOKEN = "t0ken"


@asynccontextmanager
async def postgres(*, durable: bool = False) -> AsyncIterator[Embedded]:
    """A private PostgreSQL that can be stopped and started again; `durable`: what it said yes to outlives a kill."""
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        server = Embedded(Path(folder), durable=durable, patience=120.0)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


@asynccontextmanager
async def replicas(
    place: Path,
    state: str,
    routes: str,
    *,
    legacy: int,
    new: int,
    count: int,
    environments: Sequence[Mapping[str, str]] = (),
) -> AsyncIterator[list[Program]]:
    """So many Banyans, each with two workers and its own directory, that share the state."""
    async with AsyncExitStack() as stack:
        found = []
        for number in range(count):
            directory = place / f"replica{number}"
            directory.mkdir()
            listen, admin = free_port(), free_port()
            text = text_of(routes, listen=listen, admin=admin, legacy=legacy, new=new, workers=2)
            (directory / "routes.yaml").write_text(text.replace("drain: 10s", f'drain: 2s\nstate: "{state}"'))
            environment = environments[number] if environments else {}
            found.append(await stack.enter_async_context(started(directory, listen, admin, environment=environment)))
        yield found


@dataclass
class System:
    """An upstream that fails a share of its requests."""

    name: str
    failing: float = 0.0
    port: int = 0
    dice: random.Random = field(kw_only=True)
    asked: list[tuple[float, bool]] = field(default_factory=list)

    async def answer(self, _: web.Request) -> web.Response:
        bad = self.dice.random() < self.failing
        self.asked.append((time.monotonic(), bad))
        return web.Response(text=self.name, status=500 if bad else 200)


@asynccontextmanager
async def systems(*names: str, seed: int = 7) -> AsyncIterator[list[System]]:
    """Upstreams of these names; `seed` is that of their faults."""
    async with AsyncExitStack() as stack:
        found = []
        for name in names:
            system = System(name, dice=random.Random(f"{seed} {name}"))
            application = web.Application()
            application.router.add_route("*", "/{rest:.*}", system.answer)
            runner = web.AppRunner(application, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            system.port = int(runner.addresses[0][1])
            found.append(system)
        yield found


@asynccontextmanager
async def load(urls: list[str], *, per_second: float, tenants: int, seed: int = 11) -> AsyncIterator[Counter[str]]:
    """So many requests per second over all, each of one of so many tenants; what came of them, by status and side."""
    counts: Counter[str] = Counter()
    stop = asyncio.Event()
    dice = random.Random(seed)

    async def client(session: aiohttp.ClientSession, url: str, pause: float) -> None:
        while not stop.is_set():
            began = time.monotonic()
            tenant = str(dice.randrange(tenants))
            try:
                async with session.get(url, headers={"X-Tenant-Id": tenant}) as answer:
                    counts[f"{answer.status} {await answer.text() if answer.status == 200 else ''}".strip()] += 1
            except aiohttp.ClientError as error:
                counts[type(error).__name__] += 1
            await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))

    clients = 4 * len(urls)
    async with aiohttp.ClientSession() as session:
        running = [
            asyncio.ensure_future(client(session, urls[each % len(urls)], clients / per_second))
            for each in range(clients)
        ]
        try:
            yield counts
        finally:
            stop.set()
            await asyncio.gather(*running)


async def post(banyan: Program, path: str, **said: object) -> tuple[int, dict[str, Any]]:
    """An order with the token."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(banyan.admin_url + path, json=said) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


async def runs(banyan: Program, route: str) -> tuple[str, float]:
    """Where a route runs, as this replica says."""
    page: Any = await banyan.api(f"/api/routes/{route}")
    return page["runs"]["stage"], page["runs"]["split"]
