"""What a replica without its own memory does before it has read where routes stand; real processes and PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.program import Program, free_port, started, system, text_of
from tests.e2e.replicas import TOKEN, post, postgres, runs
from tests.store.test_failure import freeze, thaw
from tests.waiting import until

ROUTES = """\
  - { name: orders, match: /orders/**, stage: live }
  - { name: done, match: /done/**, stage: complete }
"""
LATCHED = ("shadow", 0.0)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators may change things."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", TOKEN)


@pytest.fixture
async def database() -> AsyncIterator[Embedded]:
    """A PostgreSQL that outlives each Banyan."""
    async with postgres() as server:
        yield server
        server.server.send(signal.SIGCONT)


@asynccontextmanager
async def both() -> AsyncIterator[tuple[int, int]]:
    """The ports of legacy and new."""
    async with system("legacy") as legacy, system("new") as new:
        yield legacy, new


def written(place: Path, state: str, legacy: int, new: int, routes: str = ROUTES) -> tuple[int, int]:
    """A routes.yaml in an empty directory; the two ports."""
    listen, admin = free_port(), free_port()
    text = text_of(routes, listen=listen, admin=admin, legacy=legacy, new=new, workers=2)
    (place / "routes.yaml").write_text(text.replace("drain: 10s", f'drain: 2s\nstate: "{state}"'))
    return listen, admin


async def rolled_back(place: Path, ports: tuple[int, int]) -> None:
    """`orders` goes back and is latched, then this replica ends."""
    async with started(place, *ports) as banyan:
        status, body = await post(banyan, "/api/routes/orders/rollback", reason="by hand")
        assert (status, body["latched"], body["done"]) == (200, True, True)


async def who(banyan: Program, path: str) -> str:
    """Who answers a request."""
    async with aiohttp.ClientSession() as session, session.get(banyan.url + path) as answer:
        return await answer.text()


async def readiness(banyan: Program) -> tuple[int, str]:
    """`/-/ready`."""
    async with aiohttp.ClientSession() as session, session.get(banyan.admin_url + "/-/ready") as answer:
        return answer.status, await answer.text()


async def asked_from_the_start(url: str, ended: asyncio.Event) -> Counter[str]:
    """Who answered, from the first connection that is taken until told to stop."""
    found: Counter[str] = Counter()
    async with aiohttp.ClientSession() as session:
        while not ended.is_set():
            try:
                async with session.get(url) as answer:
                    found[await answer.text()] += 1
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.01)
    return found


async def test_a_lost_directory_frees_no_latch(database: Embedded, tmp_path: Path) -> None:
    """Rolled back, latched, its directory lost: new answers nobody, from the first request on, and the latch stands."""
    async with both() as (legacy, new):
        ports = written(tmp_path, database.address, legacy, new)
        await rolled_back(tmp_path, ports)
        shutil.rmtree(tmp_path / ".banyan")
        ended = asyncio.Event()
        asking = asyncio.ensure_future(asked_from_the_start(f"http://127.0.0.1:{ports[0]}/orders/1", ended))
        async with started(tmp_path, *ports) as banyan:
            stands = await runs(banyan, "orders")
            known = await banyan.metric("banyan_standing_known")
            ended.set()
            counts = await asking

    assert counts["legacy"] > 0
    assert counts["new"] == 0
    assert (stands, known) == (LATCHED, 1.0)


async def test_without_the_store_legacy_answers_what_it_can(database: Embedded, tmp_path: Path) -> None:
    """Directory lost and database frozen: legacy answers `live`, new what is complete, and it is said everywhere.

    When the database wakes, each route runs where it stands.
    """
    async with both() as (legacy, new):
        routes = ROUTES + "  - { name: other, match: /other/**, stage: live }\n"
        ports = written(tmp_path, database.address, legacy, new, routes)
        await rolled_back(tmp_path, ports)
        shutil.rmtree(tmp_path / ".banyan")
        frozen = freeze(database)
        async with started(tmp_path, *ports, ready=False) as banyan:
            answers = [await who(banyan, path) for path in ("/orders/1", "/other/1", "/done/1")]
            await banyan.until_logged("standing_unknown")
            page: Any = await banyan.api()
            known = await banyan.metric("banyan_standing_known")
            reasons = {entry["reason"] for entry in banyan.events("request")}
            thaw(frozen)
            await banyan.until_ready()
            await until(lambda: is_answered(banyan, "/other/1", "new"))
            later = [await who(banyan, path) for path in ("/orders/1", "/done/1")]
            stands = await runs(banyan, "orders")

    shown = {each["name"]: (each["runs"]["stage"], each["runs"]["reason"]) for each in page["routes"]}
    assert answers == ["legacy", "legacy", "new"]
    assert (page["standing"]["known"], known) == (False, 0.0)
    assert shown["other"] == ("legacy", "legacy answers until it has been read where the route stands")
    assert shown["done"] == ("complete", "as the file says")
    assert "standing_unknown" in reasons
    assert (later, stands) == (["legacy", "new"], LATCHED)


async def is_answered(banyan: Program, path: str, side: str) -> bool:
    """Whether this side answers now."""
    return await who(banyan, path) == side


async def test_a_worker_born_meanwhile_knows_as_little(database: Embedded, tmp_path: Path) -> None:
    """While the standing is unknown the disk says so too: a worker that is killed is followed by one that waits."""
    async with both() as (legacy, new):
        ports = written(tmp_path, database.address, legacy, new)
        await rolled_back(tmp_path, ports)
        shutil.rmtree(tmp_path / ".banyan")
        frozen = freeze(database)
        async with started(tmp_path, *ports, ready=False) as banyan:
            await banyan.until_logged("worker_started", 2)
            await until(lambda: is_written(tmp_path))
            for name in ("worker-0", "worker-1"):
                os.kill(banyan.child(name), signal.SIGKILL)
            await banyan.until_logged("worker_started", 4)
            answers = {await who(banyan, "/orders/1") for _ in range(20)}
            thaw(frozen)

    assert answers == {"legacy"}


async def is_written(place: Path) -> bool:
    """Whether control has kept its orders."""
    return (place / ".banyan" / "last-orders.json").exists()


async def test_with_its_directory_it_serves_at_once(database: Embedded, tmp_path: Path) -> None:
    """A replica that has its directory goes on where it was while the database is frozen, and is ready."""
    async with both() as (legacy, new):
        routes = ROUTES + "  - { name: other, match: /other/**, stage: live }\n"
        ports = written(tmp_path, database.address, legacy, new, routes)
        await rolled_back(tmp_path, ports)
        frozen = freeze(database)
        async with started(tmp_path, *ports) as banyan:
            answers = [await who(banyan, path) for path in ("/orders/1", "/other/1", "/done/1")]
            known = await banyan.metric("banyan_standing_known")
            thaw(frozen)

    assert (answers, known) == (["legacy", "new", "new"], 1.0)


async def test_state_in_memory_waits_for_nothing(tmp_path: Path) -> None:
    """With `state: memory` and no directory there is nothing to read: the file's stages are served from the start."""
    async with both() as (legacy, new):
        ports = written(tmp_path, "memory", legacy, new)
        async with started(tmp_path, *ports, ready=False) as banyan:
            answers = [await who(banyan, path) for path in ("/orders/1", "/done/1")]

    assert answers == ["new", "new"]
    assert banyan.events("standing_unknown") == []


async def test_a_successor_without_a_directory_lets_its_predecessor_serve(database: Embedded, tmp_path: Path) -> None:
    """SIGUSR2 after the directory was lost: a `live` route is answered by new throughout, by one or by the other."""
    async with both() as (legacy, new):
        ports = written(tmp_path, database.address, legacy, new)
        async with started(tmp_path, *ports) as banyan:
            (tmp_path / ".banyan").rename(
                tmp_path / "lost"
            )  # at once: what is being written there meanwhile goes with it
            ended = asyncio.Event()
            asking = asyncio.ensure_future(asked_from_the_start(f"{banyan.url}/orders/1", ended))
            banyan.signal(signal.SIGUSR2)
            await banyan.until_logged("taking_over")
            ended.set()
            counts = await asking
            after = await who(banyan, "/orders/1")
            await banyan.until_logged("worker_ended", 2)
            os.kill(int(str(banyan.events("successor_started")[0]["pid"])), signal.SIGTERM)
            await banyan.until_logged("worker_ended", 4)

    assert counts["new"] > 0
    assert counts["legacy"] == 0
    assert after == "new"
