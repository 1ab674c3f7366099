"""A route is renamed under two replicas over one PostgreSQL, at one of them first; real processes."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.program import Program, write
from tests.e2e.replicas import TOKEN, post, postgres, replicas, runs, systems
from tests.waiting import until

ROUTES = """\
  - { name: c, match: /c/**, stage: live }
  - { name: d, match: /d/**, stage: canary, split: 50%, cohort: "header:X-Tenant-Id" }
"""
TENANTS = [f"t{number}" for number in range(40)]
LATCHED = ("shadow", 0.0)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators may change things."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", TOKEN)


async def rename(banyan: Program, before: str, after: str) -> None:
    """An edit of one replica's file."""
    loaded = len(banyan.events("config_reloaded"))
    write(banyan.file, banyan.file.read_text().replace(before, after))
    await banyan.until_reloaded(loaded + 1)


async def asked(banyan: Program, path: str) -> dict[str, str]:
    """Who answers each tenant."""
    found = {}
    async with aiohttp.ClientSession() as session:
        for tenant in TENANTS:
            async with session.get(banyan.url + path, headers={"X-Tenant-Id": tenant}) as answer:
                found[tenant] = await answer.text()
    return found


async def asking(banyans: list[Program], ended: asyncio.Event) -> Counter[str]:
    """Who answers `c`, again and again, until told to stop."""
    counts: Counter[str] = Counter()
    async with aiohttp.ClientSession() as session:
        while not ended.is_set():
            for banyan in banyans:
                async with session.get(f"{banyan.url}/c/1") as answer:
                    counts[await answer.text()] += 1
            await asyncio.sleep(0.01)
    return counts


async def position(banyan: Program, name: str) -> tuple[bool, str]:
    """Whether a route is latched, and why it runs where it runs."""
    page: Any = await banyan.api(f"/api/routes/{name}")
    return page["runs"].get("latched", False), page["runs"]["reason"]


async def is_latched(banyan: Program, name: str) -> bool:
    return (await position(banyan, name))[0]


async def test_a_latch_survives_a_rename(tmp_path: Path) -> None:
    """Renamed with `was` at one replica, then at the other: new answers nobody meanwhile, and no cohort moves.

    An order that is given while the two read different files holds at both.
    """
    async with (
        postgres() as server,
        systems("legacy", "new") as (legacy, new),
        replicas(tmp_path, server.address, ROUTES, legacy=legacy.port, new=new.port, count=2) as banyans,
    ):
        one, two = banyans
        await post(one, "/api/routes/c/rollback", reason="by hand")
        await until(lambda: is_latched(two, "c"))
        drawn = await asked(one, "/d/1")
        ended = asyncio.Event()
        load = asyncio.ensure_future(asking(banyans, ended))
        await rename(one, "name: c,", "name: c.v2, was: c,")
        await rename(one, "name: d,", "name: d.v2, was: d,")
        apart = [await position(one, "c.v2"), await position(two, "c")]
        status, _ = await post(one, "/api/routes/d.v2/rollback", reason="apart")
        await until(lambda: is_latched(two, "d"))
        await post(two, "/api/routes/d/resume")
        await rename(two, "name: c,", "name: c.v2, was: c,")
        await rename(two, "name: d,", "name: d.v2, was: d,")
        await until(lambda: is_freed(one, "d.v2"))
        ended.set()
        counts = await load
        places = [await runs(each, "c.v2") for each in banyans]
        redrawn = [await asked(each, "/d/1") for each in banyans]
        moves: Any = await one.api("/api/transitions?route=d.v2")

    assert counts["legacy"] > 0
    assert counts["new"] == 0
    said = (
        "rolled back by admin API, 127.0.0.1: by hand; ends with `banyan resume {}`, or an edit of its stage or split"
    )
    assert apart == [(True, said.format("c.v2")), (True, said.format("c"))]
    assert (status, places) == (200, [LATCHED, LATCHED])
    assert redrawn == [drawn, drawn]
    assert {each["route"] for each in moves["transitions"]} == {"d.v2"}


async def is_freed(banyan: Program, name: str) -> bool:
    return not await is_latched(banyan, name)
