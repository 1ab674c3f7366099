"""Requests with keys through the whole program while its parts are killed: none is executed twice, no key wedges."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from proxy.core.idempotency.claims import LOCK
from proxy.store.embedded.embedded_postgres import Embedded
from proxy.store.postgres.connections import Connections, Patience
from tests.e2e.clerk.conftest import Booking, booking
from tests.e2e.program import Program, program
from tests.waiting import until

ROUTES = """\
  - { name: pay, match: /pay, stage: legacy, idempotency: required }
  - { name: keyed, match: /keyed, stage: legacy, idempotency: required, effects: keyed }
  - { name: rest, match: /**, stage: legacy }
"""


@asynccontextmanager
async def over(database: Embedded, folder: Path, side: Booking, workers: int = 1) -> AsyncIterator[Program]:
    routes = f'{ROUTES}state: "{database.address}"\n'
    async with program(folder, routes, legacy=side.port, new=side.port, workers=workers) as banyan:
        await banyan.until_metric("banyan_clerk_up", 1)
        yield banyan


async def post(banyan: Program, key: str, path: str = "/pay") -> tuple[int, str]:
    """Status, and what it says; 0 where the connection ended without an answer."""
    headers = {"Idempotency-Key": f'"{key}"'}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(banyan.url + path, headers=headers, json={"amount": 7}) as answer,
        ):
            return answer.status, await answer.text()
    except aiohttp.ClientError as error:
        return 0, str(error)


async def until_answered(banyan: Program, key: str, *statuses: int, path: str = "/pay") -> str:
    """Retry as clients do, until the answer has one of these statuses; its text."""
    found = 0, ""

    async def answered() -> bool:
        nonlocal found
        found = await post(banyan, key, path)
        return found[0] in statuses

    await until(answered)
    return found[1]


async def pass_time(database: Embedded, seconds: float) -> None:
    """Make the locks of all keys older."""
    connections = Connections(database.address, patience=Patience(timeout=30.0, connect=30.0))
    async with connections.connection() as connection:
        passed = "UPDATE banyan.idempotency SET locked_until = locked_until - make_interval(secs => $1)"
        await connection.execute(passed, seconds)
    await connections.close()


async def test_a_worker_that_dies_after_sending_leaves_it_to_people(database: Embedded, tmp_path: Path) -> None:
    """`kill -9` while the side works: the retry hears that it runs, then that the outcome is unknown, and nothing is
    executed twice; where the route declares `keyed`, the retry is executed, once, with the same key.
    """
    async with booking() as side, over(database, tmp_path, side) as banyan:
        side.go.clear()
        lost = [asyncio.ensure_future(post(banyan, "w", path)) for path in ("/pay", "/keyed")]
        await until(lambda: len(side.booked) == 2)
        os.kill(banyan.child("worker-0"), signal.SIGKILL)
        assert [status for status, _ in await asyncio.gather(*lost)] == [0, 0]
        side.go.set()
        await banyan.until_logged("worker_started", 2)
        assert "still being processed" in await until_answered(banyan, "w", 409)
        await pass_time(database, LOCK)

        assert "outcome unknown" in await until_answered(banyan, "w", 409)
        assert len(side.booked) == 2
        await until_answered(banyan, "w", 201, path="/keyed")
        assert side.booked == ['"w"'] * 3
        await until_answered(banyan, "w", 201, path="/keyed")
        assert len(side.booked) == 3


async def test_a_clerk_that_dies_at_any_step_costs_no_request(database: Embedded, tmp_path: Path) -> None:
    """Killed again and again under retrying clients: every key gets its answer, and each is executed once."""
    async with booking() as side, over(database, tmp_path, side, workers=2) as banyan:
        keys = [f"c{number}" for number in range(120)]

        async def kill() -> None:
            for number, at in enumerate(range(10, 100, 20)):
                await banyan.until_logged("clerk_started", number + 1)
                await until(lambda at=at: len(side.booked) >= at)  # type: ignore[misc]
                os.kill(banyan.child("clerk"), signal.SIGKILL)

        killing = asyncio.ensure_future(kill())
        clients = asyncio.Semaphore(8)

        async def client(key: str) -> None:
            async with clients:
                await until_answered(banyan, key, 201)

        await asyncio.gather(killing, *map(client, keys))

        assert Counter(side.booked) == Counter(f'"{key}"' for key in keys)


async def test_a_database_that_is_away_costs_keyed_routes_only(database: Embedded, tmp_path: Path) -> None:
    """Stopped: 503 within the bound, other routes go on; back: the key is executed, and answers that came meanwhile
    are recorded.
    """
    async with booking() as side, over(database, tmp_path, side) as banyan:
        side.go.clear()
        begun = asyncio.ensure_future(post(banyan, "before"))
        await until(lambda: side.booked)
        await database.stop()
        side.go.set()
        assert (await begun)[0] == 201
        async with aiohttp.ClientSession() as session:
            headers = {"Idempotency-Key": '"while"'}
            async with session.post(banyan.url + "/pay", headers=headers, json={}) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
            async with session.get(banyan.url + "/other") as answer:
                assert answer.status == 201
        assert side.booked == ['"before"']
        await database.start()
        await until_answered(banyan, "while", 201)
        await until_answered(banyan, "before", 201)

        assert side.booked == ['"before"', '"while"']


async def test_a_clerk_that_hangs_is_503_in_time(database: Embedded, tmp_path: Path) -> None:
    """SIGSTOP: the wait ends by its deadline; what was asked of it is undone when it goes on, and the key is free."""
    async with booking() as side, over(database, tmp_path, side) as banyan:
        clerk = banyan.child("clerk")
        os.kill(clerk, signal.SIGSTOP)
        status, text = await post(banyan, "h")
        os.kill(clerk, signal.SIGCONT)
        assert (status, "did not answer in time" in text) == (503, True)
        assert side.booked == []

        assert "number" in await until_answered(banyan, "h", 201)
        assert side.booked == ['"h"']


async def test_two_replicas_execute_one_key_once(database: Embedded, tmp_path: Path) -> None:
    """Over one database: sixty requests with one key through both at once are one execution, and one answer."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with (
        booking() as side,
        over(database, tmp_path / "one", side) as one,
        over(database, tmp_path / "two", side, workers=2) as two,
    ):
        answers = await asyncio.gather(*(post((one, two)[number % 2], "r") for number in range(60)))
        assert {status for status, _ in answers} <= {201, 409}
        for each in (one, two):
            assert await until_answered(each, "r", 201) == '{"number": 1}'
        assert side.booked == ['"r"']
