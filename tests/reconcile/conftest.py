"""Two PostgreSQLs of different majors, a schema in each for every test, and runs of checks between them."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncpg
import pytest

from proxy.core.outcome import Side
from proxy.core.reconcile.progress import RunProgress
from proxy.core.reconcile.reconcile_check import Database, ReconcileCheck, SideQuery
from proxy.core.reconcile.reconcile_run import ReconcileRun
from proxy.core.secret import Secret
from proxy.reconcile.reconciliation import Reconciliation, both_sides
from proxy.store.embedded.binaries import installed
from proxy.store.embedded.embedded_postgres import Embedded

_numbers = itertools.count(1)
LEGACY, NEW = "cards", "accounts"


def check(**said: object) -> ReconcileCheck:
    """Of the table `account` of both sides by `id`; looked at again at once."""
    select = str(said.pop("select", "SELECT * FROM account"))
    plain = ReconcileCheck(
        name="accounts",
        legacy=SideQuery(database=LEGACY, select=select),
        new=SideQuery(database=NEW, select=select),
        key=("id",),
        recheck=0.01,
    )
    return replace(plain, **said)  # type: ignore[arg-type]


def begun(of: ReconcileCheck) -> RunProgress:
    """A run that has read nothing yet."""
    return RunProgress(ReconcileRun(id="run-1", check=of.name, mark=of.mark, started=0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoDatabases:
    """Legacy's in PostgreSQL 15, new's in 18."""

    urls: dict[Side, str]
    connections: dict[Side, asyncpg.Connection] = field(repr=False)

    def database(self, side: Side) -> Database:
        name = LEGACY if side is Side.LEGACY else NEW
        return Database(name=name, url=Secret(self.urls[side]))

    async def both(self, statements: str) -> None:
        """At each side."""
        for connection in self.connections.values():
            await connection.execute(statements)

    async def legacy(self, statements: str) -> None:
        await self.connections[Side.LEGACY].execute(statements)

    async def new(self, statements: str) -> None:
        await self.connections[Side.NEW].execute(statements)

    async def run(
        self,
        of: ReconcileCheck,
        progress: RunProgress | None = None,
        told: Callable[[RunProgress], None] = lambda _: None,
        rate: int = 0,
    ) -> RunProgress:
        """The whole check, from where `progress` says."""
        made = progress or begun(of)
        async with both_sides(of, self.database(Side.LEGACY), self.database(Side.NEW)) as sides:
            await Reconciliation(sides=sides, progress=made, rate=rate, told=told).run()
        return made


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[Side, Embedded]]:
    """The oldest PostgreSQL of this machine as legacy's, the newest as new's."""
    found = sorted(installed(), key=lambda each: each.major)
    assert found[0].major < found[-1].major, "two majors are needed: the development extra, and Debian's postgresql"
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        Path(folder).chmod(0o755)
        made = {
            side: Embedded(Path(folder) / side, durable=False, patience=120.0, binaries=binaries)
            for side, binaries in ((Side.LEGACY, found[0]), (Side.NEW, found[-1]))
        }
        for each in made.values():
            asyncio.run(each.start())
        yield made
        for each in made.values():
            asyncio.run(each.stop())


@pytest.fixture
async def databases(servers: dict[Side, Embedded]) -> AsyncIterator[TwoDatabases]:
    """An empty schema at each side, which is that of every session."""
    name = f"test{next(_numbers)}"
    urls = {side: f"{server.address}&search_path={name}" for side, server in servers.items()}
    connections = {side: await asyncpg.connect(url) for side, url in urls.items()}
    made = TwoDatabases(urls=urls, connections=connections)
    await made.both(f"CREATE SCHEMA {name}")
    yield made
    for connection in connections.values():
        await connection.close()
