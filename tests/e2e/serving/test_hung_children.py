"""A process of Banyan's that hangs is found and replaced, and clients are served meanwhile and afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.program import program, system
from tests.waiting import until

ROUTES = "  - { name: rest, match: /**, stage: shadow }\n"
CHILDREN = ("control", "comparer", "worker-1")


@pytest.mark.timing
async def test_children_that_hang_are_replaced(tmp_path: Path) -> None:
    """SIGSTOP to control, comparer and one of two workers: each is killed, named in the log, and started anew."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new, workers=2) as banyan,
    ):
        await banyan.until_logged("process_started", 4)
        stopped = {name: banyan.child(name) for name in CHILDREN}
        for pid in stopped.values():
            os.kill(pid, signal.SIGSTOP)
        await banyan.until_logged("child_hangs", len(CHILDREN))
        await banyan.until_logged("process_started", 4 + len(CHILDREN))
        await banyan.until_ready()

        async def compared() -> bool:
            async with aiohttp.ClientSession() as session, session.get(banyan.url) as answer:
                return await answer.text() == "legacy" and await banyan.metric("banyan_parity_total") > 0

        await until(compared)

        assert {str(line["child"]): line["pid"] for line in banyan.events("child_hangs")} == stopped
        assert all(banyan.child(name) != pid for name, pid in stopped.items())


@pytest.mark.timing
async def test_a_supervisor_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """SIGSTOP, and SIGCONT after longer than it waits at a time: it replaces who dies, as before."""
    async with system("legacy") as legacy, program(tmp_path, ROUTES, legacy=legacy, new=legacy) as banyan:
        await banyan.until_logged("process_started", 3)
        banyan.signal(signal.SIGSTOP)
        await asyncio.sleep(1.5)
        banyan.signal(signal.SIGCONT)
        await banyan.until_ready()
        os.kill(banyan.child("worker-0"), signal.SIGKILL)
        await banyan.until_logged("child_died", 1)
        await banyan.until_logged("process_started", 4)
