"""Counters of a ramp's step outlive control, and the whole of Banyan, where a database keeps them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.program import Program, free_port, started, text_of
from tests.e2e.replicas import postgres, systems
from tests.waiting import until

ROUTES = """\
  - name: orders
    match: GET /orders/{id}
    stage: canary
    split: 50%
    cohort: "header:X-Tenant-Id"
    shadow: { sample: 0% }
    ramp: { hold: 1d, needs: { compared: 0, requests: 100000 } }
"""
ASKED = 60


async def ask(banyan: Program, first: int) -> int:
    """So many tenants ask once; how many new answered."""
    found = 0
    async with aiohttp.ClientSession() as session:
        for tenant in range(first, first + ASKED):
            headers = {"X-Tenant-Id": str(tenant)}
            async with session.get(f"{banyan.url}/orders/{tenant}", headers=headers) as answer:
                found += await answer.text() == "new"
    return found


async def until_counted(banyan: Program, answers: int) -> None:
    """Wait until the judge says that new answered so many at this step."""

    async def counted() -> bool:
        try:
            page: Any = await banyan.api("/api/routes/orders")
        except aiohttp.ClientError:
            return False
        return f"new answered {answers} of 100000 requests at this step" in page.get("reasons", ())

    await until(counted)


async def until_kept(server: Embedded, answers: int) -> None:
    """Wait until the database has it."""
    connection = await asyncpg.connect(server.address)
    try:

        async def kept() -> bool:
            numbers = await connection.fetchval("SELECT numbers FROM banyan.guard WHERE bad = 'step'")
            return numbers is not None and numbers[4] == answers

        await until(kept)
    finally:
        await connection.close()


async def test_a_step_goes_on_after_control_was_killed_and_after_a_restart(tmp_path: Path) -> None:
    """What new answered before both counts at the end, each answer once."""
    listen, admin = free_port(), free_port()
    async with postgres() as server, systems("legacy", "new") as (legacy, new):
        text = text_of(ROUTES, listen=listen, admin=admin, legacy=legacy.port, new=new.port)
        (tmp_path / "routes.yaml").write_text(text.replace("drain: 10s", f'drain: 2s\nstate: "{server.address}"'))
        async with started(tmp_path, listen, admin) as banyan:
            answers = await ask(banyan, 0)
            await until_counted(banyan, answers)
            await until_kept(server, answers)
            os.kill(banyan.child("control"), signal.SIGKILL)
            await until_counted(banyan, answers)
            answers += await ask(banyan, ASKED)
            await until_counted(banyan, answers)
            await until_kept(server, answers)
        async with started(tmp_path, listen, admin) as banyan:
            await until_counted(banyan, answers)
            answers += await ask(banyan, 2 * ASKED)
            await until_counted(banyan, answers)

    assert 0 < answers < 3 * ASKED
