"""Shadows through the whole program: from a client's request to what the API says of both sides."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.e2e.program import Program, program, system, write
from tests.waiting import until

ROUTE = "  - { name: orders, match: /**, stage: shadow }\n"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """An upstream of the test's own."""
    runner = web.ServerRunner(web.Server(handler, access_log=None))  # type: ignore[arg-type]
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def ask(banyan: Program, times: int, path: str = "/orders/7", method: str = "GET") -> list[str]:
    async with aiohttp.ClientSession() as session:
        found = []
        for _ in range(times):
            async with session.request(method, banyan.url + path) as response:
                found.append(await response.text())
        return found


async def parity(banyan: Program) -> dict[str, Any]:
    page: Any = await banyan.api()
    found: dict[str, Any] = page["routes"][0]["parity"]
    return found


async def test_a_difference_is_found_by_traffic_alone(tmp_path: Path) -> None:
    """Clients ask, legacy answers, new is asked as well, and the API has the cluster: nobody did anything else."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTE, legacy=legacy, new=new, workers=2) as banyan,
    ):
        await banyan.until_logged("comparer_started")

        async def compared() -> bool:
            assert set(await ask(banyan, 5)) == {"legacy"}
            return bool((await parity(banyan))["mismatch"] >= 5)

        await until(compared)
        page: Any = await banyan.api("/api/routes/orders/mismatches")
        await banyan.until_metric("banyan_shadow_total", 5)

    assert page["clusters"]


async def test_a_dead_comparer_is_not_felt(tmp_path: Path) -> None:
    """Clients are served while it is away; shadows are shed until another one is there."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTE, legacy=legacy, new=new) as banyan,
    ):
        await banyan.until_logged("comparer_started")
        for round_ in (1, 2):
            os.kill(banyan.child("comparer"), signal.SIGKILL)
            assert set(await ask(banyan, 50)) == {"legacy"}
            await banyan.until_logged("comparer_started", round_ + 1)

        async def compared() -> bool:
            await ask(banyan, 2)
            return bool((await parity(banyan))["compared"])

        await until(compared)


async def test_a_write_is_shadowed_after_a_handshake(tmp_path: Path) -> None:
    """Control asks new at its path, tells the workers, and only then does new get a copy that says what it is."""
    writes: list[tuple[str, str]] = []

    async def new(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            writes.append((request.headers["X-Banyan-Shadow"], request.headers["X-Banyan-Dry-Run"]))
        return web.Response(text="made", headers={"X-Banyan-Dry-Run": "accepted"})

    async with (
        system("made") as legacy,
        listening(new) as port,
        program(tmp_path, ROUTE, legacy=legacy, new=port) as banyan,
    ):
        text = banyan.file.read_text()
        dry = text.replace(f'"http://127.0.0.1:{port}"', f'"http://127.0.0.1:{port}", dry_run: /-/dry-run')
        write(banyan.file, dry.replace("stage: shadow", "stage: shadow, shadow: { writes: dry_run }"))
        await banyan.until_logged("dry_run_handshake")

        async def shadowed() -> bool:
            assert set(await ask(banyan, 1, method="POST")) == {"made"}
            await asyncio.sleep(0.05)
            return bool(writes)

        await until(shadowed)

    assert set(writes) == {("1", "1")}


async def test_a_counter_counts_clients_and_dropped_credentials_are_told(tmp_path: Path) -> None:
    """Two workers shadow a counter and no client misses a number; of a page behind a login it is said why not."""
    numbers, asked = iter(range(1, 10_000)), {"Cookie": "s=1"}

    async def legacy(request: web.Request) -> web.StreamResponse:
        return web.Response(text=str(next(numbers)) if request.path == "/next" else "ann")

    async def new(request: web.Request) -> web.StreamResponse:
        known = request.path == "/next" or "Cookie" in request.headers
        return web.Response(text="1") if known else web.Response(status=401)

    async with (
        listening(legacy) as one,
        listening(new) as other,
        program(tmp_path, ROUTE, legacy=one, new=other, workers=2) as banyan,
    ):
        await banyan.until_logged("comparer_started")
        seen = await ask(banyan, 100, "/next")

        async def turned_away() -> bool:
            async with aiohttp.ClientSession(headers=asked) as session, session.get(banyan.url + "/me") as response:
                assert await response.text() == "ann"
            page: Any = await banyan.api("/api/routes/orders")
            return bool(page["evidence"]["incomparable"].get("credentials"))

        await until(turned_away)
        mismatches: Any = await banyan.api("/api/routes/orders/mismatches")
        await banyan.until_logged("credentials_not_sent")
        await banyan.until_metric("banyan_incomparable_total", 1)

    assert seen == [str(number) for number in range(1, 101)]
    assert "credentials are not sent to the shadow: write shadow: {credentials: forward}" in mismatches["incomparable"]
