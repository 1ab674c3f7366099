"""The whole program between two sides that keep what is written, over a real PostgreSQL."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
import pytest
import yarl

from proxy.store.embedded.embedded_postgres import Embedded
from tests.clerk.journal.side import RecordingSide, serving
from tests.e2e.program import Program, free_port, started, text_of
from tests.waiting import until

AGREE = "applies: /applies, timeout: { connect: 30s, queue: 30s, response: 2m }"
ACCOUNT = """\
  - name: accounts
    match: PUT,PATCH,DELETE,GET /accounts/{id}
    stage: shadow
    group: accounts
    cohort: header:X-Tenant
    writes: { mode: dual, key: path:id, ids: [{ request: [path:id] }] }
  - name: accounts.new
    match: POST /accounts
    stage: shadow
    group: accounts
    cohort: header:X-Tenant
    writes: { mode: dual, key: "answer:$.id", ids: [{ answer: $.id }] }
"""


@dataclass(slots=True)
class Migration:
    """Banyan and its two sides."""

    banyan: Program
    legacy: RecordingSide
    new: RecordingSide
    database: str

    async def undone(self) -> list[str]:
        """States of all rows of the journal."""
        connection = await asyncpg.connect(self.database)
        try:
            rows = await connection.fetch("SELECT state FROM banyan.journal ORDER BY began")
        finally:
            await connection.close()
        return [row["state"] for row in rows]

    async def until_empty(self) -> None:
        """Both sides have everything."""

        async def empty() -> bool:
            return not await self.undone()

        await until(empty)

    def _url(self, path: str) -> yarl.URL:
        """As it is written here."""
        return yarl.URL(self.banyan.url + path, encoded=True)

    async def send(self, method: str, path: str, body: bytes = b"", **fields: str) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self._url(path), data=body, headers=fields, allow_redirects=False) as answer,
        ):
            await answer.read()
            return answer.status


@pytest.fixture(scope="package")
def server() -> Iterator[Embedded]:
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        embedded = Embedded(Path(folder), durable=False, patience=120.0)
        asyncio.run(embedded.start())
        yield embedded
        asyncio.run(embedded.stop())


async def database_on(server: Embedded) -> str:
    """The address of a new one."""
    name = f"d{free_port()}"
    connection = await asyncpg.connect(server.address)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return server.address.replace("/postgres?", f"/{name}?")


@asynccontextmanager
async def migrating(
    server: Embedded, directory: Path, routes: str = ACCOUNT, workers: int = 1, legacy_port: int = 0
) -> AsyncIterator[Migration]:
    """Banyan serves these routes, with a database of its own; `legacy_port` is where another legacy listens."""
    database = await database_on(server)
    listen, admin = free_port(), free_port()
    async with serving(RecordingSide()) as legacy, serving(RecordingSide()) as new:
        text = text_of(
            routes,
            listen=listen,
            admin=admin,
            legacy=legacy_port or legacy.port,
            new=new.port,
            workers=workers,
            keys=AGREE,
        )
        (directory / "routes.yaml").write_text(f'{text}state: "{database}"\n')
        async with started(directory, listen, admin) as banyan:
            yield Migration(banyan, legacy, new, database)


@pytest.fixture
async def migration(server: Embedded, tmp_path: Path) -> AsyncIterator[Migration]:
    async with migrating(server, tmp_path) as made:
        yield made
