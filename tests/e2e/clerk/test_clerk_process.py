"""The clerk as a process of the whole program: when there is one, what becomes of it, and what it keeps to itself."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.program import Program, free_port, program, started, system, text_of

ROUTES = "  - { name: rest, match: /**, stage: legacy }\n"


async def status_of(banyan: Program) -> int:
    async with aiohttp.ClientSession() as session, session.get(banyan.url) as answer:
        return answer.status


async def test_with_a_database_there_is_a_clerk_that_is_replaced(database: Embedded, tmp_path: Path) -> None:
    """It follows the table, is started anew when it is killed, and ends in order after the workers."""
    routes = f'{ROUTES}state: "{database.address}"\n'
    async with system("legacy") as port, program(tmp_path, routes, legacy=port, new=port) as banyan:
        await banyan.until_metric("banyan_clerk_up", 1)
        first = banyan.child("clerk")
        os.kill(first, signal.SIGKILL)
        await banyan.until_logged("clerk_started", 2)
        assert await status_of(banyan) == 200
        await banyan.until_metric("banyan_clerk_up", 1)
        assert banyan.child("clerk") != first

        banyan.signal(signal.SIGTERM)
        assert await banyan.ended() == 0
        await banyan.until_logged("control_ended")
    ends = [entry["event"] for entry in (each for name in ENDS for each in banyan.events(name))]
    assert ends == list(ENDS)
    order = [line for line in banyan.lines if any(f'"{name}"'.encode() in line for name in ENDS)]
    assert b"worker_ended" in order[0]
    assert b"control_ended" in order[-1]


ENDS = ("worker_ended", "clerk_ended", "control_ended")


async def test_a_successor_has_a_clerk_of_its_own(database: Embedded, tmp_path: Path) -> None:
    """SIGUSR2: the predecessor's clerk ends with its workers, the successor's serves."""
    routes = f'{ROUTES}state: "{database.address}"\n'
    async with system("legacy") as port, program(tmp_path, routes, legacy=port, new=port) as banyan:
        await banyan.until_logged("clerk_started")
        banyan.signal(signal.SIGUSR2)
        await banyan.until_logged("clerk_ended")
        await banyan.until_logged("control_ended")
        successor = int(str(banyan.events("successor_started")[0]["pid"]))
        await banyan.until_metric("banyan_clerk_up", 1)
        status, clerks = await status_of(banyan), len(banyan.events("clerk_started"))
        os.kill(successor, signal.SIGTERM)
        await banyan.until_logged("clerk_ended", 2)
    assert (status, clerks) == (200, 2)


async def test_a_clerk_outlives_the_workers_of_a_supervisor_that_was_killed(database: Embedded, tmp_path: Path) -> None:
    """All are told to end at once then; what a worker that drains asks for is answered."""
    routes = f'{ROUTES}state: "{database.address}"\n'
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        asked.set()
        await may_answer.wait()
        return web.Response()

    application = web.Application()
    application.router.add_get("/", answer)
    async with TestServer(application) as legacy:
        assert legacy.port is not None
        async with program(tmp_path, routes, legacy=legacy.port, new=legacy.port) as banyan:
            await banyan.until_metric("banyan_clerk_up", 1)
            async with asyncio.TaskGroup() as clients:
                slow = clients.create_task(status_of(banyan))
                await asked.wait()
                banyan.signal(signal.SIGKILL)
                await banyan.until_logged("control_ended")
                assert not banyan.events("clerk_ended")
                may_answer.set()
            assert slow.result() == 200
            await banyan.until_logged("clerk_ended")


async def test_without_a_database_there_is_no_clerk(tmp_path: Path) -> None:
    """`state: memory` starts none, and has no metrics of it."""
    async with system("legacy") as port, program(tmp_path, ROUTES, legacy=port, new=port) as banyan:
        async with (
            aiohttp.ClientSession() as session,
            session.get(banyan.admin_url + "/metrics") as answer,
        ):
            assert "banyan_clerk" not in await answer.text()
        assert banyan.child("clerk") == 0


async def test_the_clerk_leaves_no_core(database: Embedded, tmp_path: Path) -> None:
    """Its limit is none, and SIGABRT leaves nothing behind."""
    routes = f'{ROUTES}state: "{database.address}"\n'
    async with system("legacy") as port, program(tmp_path, routes, legacy=port, new=port) as banyan:
        await banyan.until_logged("clerk_started")
        clerk = banyan.child("clerk")
        assert resource.prlimit(clerk, resource.RLIMIT_CORE) == (0, 0)

        os.kill(clerk, signal.SIGABRT)
        await banyan.until_logged("child_died")
    assert [entry["exit"] for entry in banyan.events("child_died")] == [-signal.SIGABRT]
    assert [name for name in os.listdir(tmp_path) if name.startswith("core")] == []  # noqa: PTH208


BROKEN = """\
import sys


class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == "proxy.clerk.clerk_process":
            raise ImportError("a library of the clerk is missing")


sys.meta_path.insert(0, Broken())
"""


async def test_a_clerk_that_cannot_start_is_started_ever_later(database: Embedded, tmp_path: Path) -> None:
    """The log says why, traffic that needs none goes on, and the pauses grow."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(BROKEN)
    listen, admin = free_port(), free_port()
    async with system("legacy") as port:
        text = text_of(ROUTES, listen=listen, admin=admin, legacy=port, new=port)
        (tmp_path / "routes.yaml").write_text(f'{text}state: "{database.address}"\n')
        environment = {"PYTHONPATH": str(tmp_path / "broken")}
        async with started(tmp_path, listen, admin, environment=environment) as banyan:
            await banyan.until_logged("child_died", 4)
            assert await status_of(banyan) == 200
            assert await banyan.metric("banyan_clerk_up") == 0
            died, broke = banyan.events("child_died"), banyan.events("child_broke")

    assert {each["child"] for each in died} == {"clerk"}
    assert [each["again_in"] for each in died][:4] == [0.1, 0.2, 0.4, 0.8]
    assert "a library of the clerk is missing" in str(broke[0])
