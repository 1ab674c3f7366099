"""Requests that come round, with whole programs: through a name, through another Banyan, through one's own systems."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.e2e.program import Program, free_port, program, started, system, text_of
from tests.waiting import until

MOST = 10
"""Requests that one may become."""
ROUND = "  - {{ name: rest, match: /**, stage: {stage} }}\n"
CONNECTION = {"host", "connection", "content-length", "transfer-encoding"}
"""Fields of a request that are one connection's, which no client copies."""


async def fetch(url: str) -> tuple[int, str]:
    """Status and text."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def settled(*programs: Program) -> int:
    """How many requests the programs have logged, once none is in flight and no more come."""
    count, seen, running = -1, 0, 0.0
    while count != seen or running:
        await asyncio.sleep(0.3)
        running = sum([await banyan.metric("banyan_inflight_requests") for banyan in programs])
        count, seen = seen, sum(len(banyan.events("request")) for banyan in programs)
    return seen


@asynccontextmanager
async def two(directory: Path, stage: str) -> AsyncIterator[tuple[Program, Program]]:
    """Two Banyans, all upstreams of each of which are the other."""
    (one, one_admin), (other, other_admin) = [(free_port(), free_port()) for _ in range(2)]
    async with AsyncExitStack() as stack:
        running: list[Program] = []
        for name, listen, admin, next_ in (("a", one, one_admin, other), ("b", other, other_admin, one)):
            folder = directory / name
            folder.mkdir()
            routes = ROUND.format(stage=stage)
            (folder / "routes.yaml").write_text(text_of(routes, listen=listen, admin=admin, legacy=next_, new=next_))
            running.append(await stack.enter_async_context(started(folder, listen, admin)))
        yield running[0], running[1]


@pytest.mark.parametrize("stage", ["legacy", "shadow", "live"])
async def test_two_banyans_that_point_at_each_other_end_it(tmp_path: Path, stage: str) -> None:
    """One request becomes at most ten, copies for shadows included, and the client hears of a loop."""
    async with two(tmp_path, stage) as (one, other):
        status, text = await fetch(one.url + "/x")
        count = await settled(one, other)

        assert (status, "on route rest of this proxy before" in text) == (508, True)
        assert 2 < count <= MOST


@pytest.mark.parametrize("stage", ["legacy", "shadow"])
async def test_a_loop_that_no_address_shows_ends(tmp_path: Path, stage: str) -> None:
    """An upstream that sends everything back to the port that it came from: the second time is the last."""
    listen, admin, relay = free_port(), free_port(), free_port()
    (tmp_path / "routes.yaml").write_text(
        text_of(ROUND.format(stage=stage), listen=listen, admin=admin, legacy=relay, new=relay)
    )
    async with relaying(relay, listen), started(tmp_path, listen, admin) as banyan:
        status, _ = await fetch(banyan.url + "/x")
        count = await settled(banyan)

        assert status == 508
        assert 2 <= count <= MOST


@asynccontextmanager
async def relaying(port: int, to: int) -> AsyncIterator[None]:
    """Whatever connects to `port` is connected to `to`."""
    running: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        their_reader, their_writer = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pump(reader, their_writer), pump(their_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(joined, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_a_name_that_stands_for_this_machine_is_found_out(tmp_path: Path) -> None:
    """The file is taken, since nobody is asked for names; the first request is 508, and the log says why, once."""
    name = socket.gethostname()
    listen, admin = free_port(), free_port()
    text = text_of(ROUND.format(stage="legacy"), listen=listen, admin=admin, legacy=listen, new=1)
    text = text.replace(f"http://127.0.0.1:{listen}", f"http://{name}:{listen}")
    (tmp_path / "routes.yaml").write_text(text.replace(f"listen: 127.0.0.1:{listen}", f"listen: :{listen}"))
    async with started(tmp_path, listen, admin) as banyan:
        found = [await fetch(banyan.url + "/x") for _ in range(8)]
        count = await settled(banyan)

        assert {status for status, _ in found} == {508}
        assert "where this proxy listens itself" in found[0][1]
        assert count == 8
        assert [each["upstream"] for each in banyan.events("upstream_is_itself")] == ["legacy"]


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def calling_back(banyan: list[Program], seen: list[int]) -> AsyncIterator[int]:
    """A system that asks Banyan for a customer, with all the fields that it was asked with; its port."""

    async def answer(request: web.Request) -> web.StreamResponse:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in CONNECTION]
        url = banyan[0].url + "/customers/7"
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
            seen.append(response.status)
            return web.Response(text="order of " + await response.text(), status=response.status)

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


CALLED = """\
  - {{ name: orders, match: /orders/**, stage: {stage} }}
  - {{ name: customers, match: /customers/**, stage: {other} }}
"""


@pytest.mark.parametrize(("stage", "other"), [("live", "legacy"), ("shadow", "shadow")])
async def test_a_new_system_may_call_back(tmp_path: Path, stage: str, other: str) -> None:
    """On another route, with every field that it got, live and as a shadow; what it asks is not shadowed once more."""
    banyan: list[Program] = []
    seen: list[int] = []
    routes = CALLED.format(stage=stage, other=other)

    async def called_back() -> bool:
        return bool(seen)

    async with (
        system("legacy") as legacy,
        calling_back(banyan, seen) as new,
        program(tmp_path, routes, legacy=legacy, new=new, workers=2) as running,
    ):
        banyan.append(running)
        status, text = await fetch(running.url + "/orders/7")
        await until(called_back)
        count = await settled(running)

        assert (status, text) == (200, "order of legacy" if stage == "live" else "legacy")
        assert (seen, count) == ([200], 2)


async def test_two_banyans_in_a_row_are_fine(tmp_path: Path) -> None:
    """The one behind shadows and compares, as if clients came to it."""
    behind, before = tmp_path / "behind", tmp_path / "before"
    behind.mkdir()
    before.mkdir()
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(behind, ROUND.format(stage="shadow"), legacy=legacy, new=new) as second,
        program(before, ROUND.format(stage="legacy"), legacy=second.listen, new=new) as first,
    ):
        assert [await fetch(first.url + "/x") for _ in range(3)] == [(200, "legacy")] * 3
        await second.until_metric("banyan_parity_total", 3)
