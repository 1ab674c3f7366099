"""PostgreSQL dies, hangs and comes back under a Banyan that serves: clients notice nothing, evidence goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.parity.pair import Pair
from proxy.store.embedded.binaries import installed
from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.evidence.test_comparer import ROUTE, parity, socket_of, until_compared
from tests.e2e.pairs import hand_over, pair
from tests.e2e.program import Program, program, system
from tests.store.test_failure import freeze, thaw
from tests.waiting import until


@pytest.fixture
async def database() -> AsyncIterator[Embedded]:
    """A server of the test's own; its directory has a short path, for the socket."""
    folder = Path(tempfile.mkdtemp(prefix="banyan-"))
    os.chmod(folder, 0o755)  # noqa: PTH101
    found = Embedded(folder / "p", binaries=installed()[0], patience=120.0)
    await found.start()
    yield found
    found.server.send(signal.SIGCONT)
    await found.stop()
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def over(database: Embedded, folder: Path) -> AsyncIterator[Program]:
    """A Banyan that keeps its state there."""
    routes = f'{ROUTE.format(more="")}state: "{database.address}"\n'
    async with system("legacy") as port, program(folder, routes, legacy=port, new=port) as banyan:
        await banyan.until_logged("comparer_started")
        yield banyan


async def answered(banyan: Program, times: int = 60) -> Counter[int]:
    """Statuses of so many requests, one after the other."""
    found: Counter[int] = Counter()
    async with aiohttp.ClientSession() as session:
        for _ in range(times):
            async with asyncio.timeout(5), session.get(banyan.url) as answer:
                found[answer.status] += 1
    return found


def wrong(banyan: Program, count: int) -> list[Pair]:
    """Pairs that differ, between the sides that Banyan asks: of the same epoch as what it compares itself."""
    loaded = load_text(banyan.file.read_text(), "routes.yaml", {})
    assert isinstance(loaded, Loaded)
    addresses = loaded.snapshot.addresses(loaded.snapshot.routes[0])
    return [pair({"a": 1}, {"a": None}, f"/{number}", addresses=addresses) for number in range(count)]


async def test_ft08_a_database_that_hangs_or_dies_is_not_felt(database: Embedded, tmp_path: Path) -> None:
    """FT08: frozen, then stopped at once: every request is answered, nothing is lost, evidence goes on by itself."""
    async with over(database, tmp_path) as banyan:
        await hand_over(socket_of(banyan), wrong(banyan, 5))
        assert (await until_compared(banyan, 5))["mismatch"] == 5

        frozen = freeze(database)
        assert await answered(banyan) == {200: 60}
        await hand_over(socket_of(banyan), wrong(banyan, 3))
        thaw(frozen)
        assert (await until_compared(banyan, 68))["mismatch"] == 8

        database.server.send(signal.SIGQUIT)
        assert await answered(banyan) == {200: 60}
        await hand_over(socket_of(banyan), wrong(banyan, 4))
        await database._own()
        found = await until_compared(banyan, 132)
        assert (found["match"], found["mismatch"]) == (120, 12)
        assert await banyan.metric("banyan_evidence_lost_total") == 0


async def test_ft09_a_start_does_not_wait_for_a_database_that_hangs(database: Embedded, tmp_path: Path) -> None:
    """FT09: it accepts and never answers: Banyan starts and serves by routes.yaml, and uses it when it wakes."""
    frozen = freeze(database)
    async with over(database, tmp_path) as banyan:
        assert await answered(banyan) == {200: 60}
        await hand_over(socket_of(banyan), [pair({"a": 1}, {"a": None}, "/x")])
        thaw(frozen)

        async def stored() -> bool:
            found = await parity(banyan)
            return found["mismatch"] == 1 and not await banyan.metric("banyan_evidence_waiting_records")

        await until(stored)
        assert await banyan.metric("banyan_evidence_lost_total") == 0
