"""A PostgreSQL whose password changes again and again, while everybody goes on asking it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from proxy.store.embedded.embedded_postgres import Embedded
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.connections import Connections, Patience, give_up
from tests.waiting import until

ROLE = "banyan_with_password"
CHANGES = 10
PATIENCE = Patience(timeout=60.0, connect=30.0)


class Secret:
    """The role's password, in the database and in a file."""

    def __init__(self, operator: asyncpg.Connection, file: Path) -> None:
        self.file = file
        self._operator = operator
        self._number = 0

    async def change(self) -> None:
        """One place after the other, and in either order: for a moment they differ."""
        self._number += 1
        password = f"hush-{self._number}"
        places = [self._in_database, self._in_file]
        for place in places if self._number % 2 else places[::-1]:
            await place(password)
            await asyncio.sleep(0.05)

    async def _in_database(self, password: str) -> None:
        await self._operator.execute(f"ALTER ROLE {ROLE} PASSWORD '{password}'")

    async def _in_file(self, password: str) -> None:
        fresh = self.file.with_suffix(".new")
        await asyncio.to_thread(fresh.write_text, f"{password}\n")
        fresh.replace(self.file)


@pytest.fixture
async def operator(server: Embedded) -> AsyncIterator[asyncpg.Connection]:
    """Who may do everything; the server asks the role, and nobody else, for its password."""
    connection = await asyncpg.connect(server.address)
    hba = Path(await connection.fetchval("SHOW hba_file"))
    before = await asyncio.to_thread(hba.read_text)
    await asyncio.to_thread(hba.write_text, f"local all {ROLE} scram-sha-256\n{before}")
    await connection.execute(f"CREATE ROLE {ROLE} SUPERUSER LOGIN PASSWORD 'hush-0'")
    await connection.execute("SELECT pg_reload_conf()")
    yield connection
    await asyncio.to_thread(hba.write_text, before)
    await connection.execute(f"DROP ROLE {ROLE}")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


def address_of(database: str) -> str:
    """For the role, without a password."""
    return database.replace("postgresql://postgres@", f"postgresql://{ROLE}@")


async def test_no_query_fails_while_the_password_changes(
    operator: asyncpg.Connection, database: str, tmp_path: Path
) -> None:
    """New connections are made all the while, each with the password of the moment; the old ones outlive it."""
    secret = Secret(operator, tmp_path / "password")
    await secret.change()
    connections = Connections(address_of(database), patience=PATIENCE, most=3, password_file=secret.file)
    async with connections.connection() as first:
        lasting = await first.fetchval("SELECT pg_backend_pid()")
    over = asyncio.Event()
    asked: list[int] = []
    made: list[int] = []

    async def ask() -> None:
        while not over.is_set():
            async with connections.connection() as found:
                asked.append(await found.fetchval("SELECT pg_backend_pid()"))

    async def connect() -> None:
        while not over.is_set():
            await give_up(await connections.dedicated())
            made.append(1)

    asking = [asyncio.ensure_future(ask()), asyncio.ensure_future(connect())]
    for number in range(CHANGES):
        await secret.change()
        await until(lambda number=number: len(made) > number or asking[1].done())  # type: ignore[misc]
    over.set()
    await asyncio.gather(*asking)
    assert set(asked) == {lasting}
    await connections.close()


async def test_a_password_that_stays_wrong_is_told(operator: asyncpg.Connection, database: str, tmp_path: Path) -> None:
    """After as long as a connection may take; nothing of it is in the message."""
    file = tmp_path / "password"
    await asyncio.to_thread(file.write_text, "hush-wrong")
    patience = Patience(timeout=5.0, connect=0.5)
    connections = Connections(address_of(database), patience=patience, password_file=file)
    with pytest.raises(StoreUnavailable) as refused:
        async with connections.connection():
            pass
    assert "password authentication failed" in str(refused.value)
    assert "hush" not in str(refused.value)
    assert await operator.fetchval("SELECT 1") == 1


@pytest.mark.parametrize(("written", "why"), [(None, "No such file or directory"), (b"\xff", "it is no text")])
async def test_a_file_that_cannot_be_read_is_told(
    database: str, tmp_path: Path, written: bytes | None, why: str
) -> None:
    """By what is wrong with it."""
    file = tmp_path / "password"
    if written is not None:
        await asyncio.to_thread(file.write_bytes, written)
    connections = Connections(database, password_file=file)
    with pytest.raises(StoreUnavailable, match=why):
        await connections.dedicated()
