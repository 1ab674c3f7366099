"""Two tables of accounts with the same rows but for a few, and writers that keep the others the same.

Rule 1: rows that differ are written by nobody (`planted`); every other one may be.
Rule 2: a write is repeated until its side has it, and comes to new a little after legacy. A key has one writer:
        whatever dies, the sides have the same rows when nobody writes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

MADE = """CREATE TABLE account (id int PRIMARY KEY, name text NOT NULL, written timestamptz NOT NULL);
INSERT INTO account SELECT i, 'customer ' || i, '2026-01-01Z' FROM generate_series(1, {rows}) AS i"""
OTHER_VALUE = "UPDATE account SET name = name || ' ' WHERE id = ANY($1::int[])"
MISSING = "DELETE FROM account WHERE id = ANY($1::int[])"
ONLY_HERE = "INSERT INTO account SELECT i, 'nobody', '2026-01-01Z' FROM unnest($1::int[]) AS i"
WRITES = (
    "INSERT INTO account VALUES ($1, $2, now()) ON CONFLICT (id) DO UPDATE SET name = $2, written = now()",
    "UPDATE account SET name = $2, written = now() WHERE id = $1",
    "DELETE FROM account WHERE id = $1 AND name <> $2",
)
EVERY = 4999
"""A prime: one key in so many differs, so that few ranges have one, and no two the same kind in the same place."""
WRITERS = 2
LAGS, PAUSE, AGAIN = 0.02, 0.01, 0.05
"""Seconds: from legacy to new, between two writes of a writer, and between two tries of one."""
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


@dataclass(slots=True)
class Table:
    """One side's, at this address."""

    address: str
    _connection: asyncpg.Connection | None = None

    async def make(self, rows: int) -> None:
        """And fill it."""
        await (await self._connected()).execute(MADE.format(rows=rows))

    async def once(self, statement: str, *given: object) -> None:
        """Done when it returns, as often as that takes."""
        while True:
            try:
                await (await self._connected()).execute(statement, *given, timeout=10.0)
            except _AWAY:
                await self.close()
                await asyncio.sleep(AGAIN)
            else:
                return

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None:
            self._connection = await asyncpg.connect(self.address, timeout=10.0)
        return self._connection

    async def close(self) -> None:
        """Whatever state its connection is in."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
            await asyncio.sleep(0)


@dataclass(slots=True)
class TwinTables:
    """Both, with so many rows each; `planted` are the keys that differ."""

    addresses: tuple[str, str]
    rows: int
    dice: random.Random
    planted: frozenset[int] = frozenset()
    written: int = 0
    _stops: bool = field(default=False)

    async def make(self) -> None:
        """Rule 1."""
        keys = range(EVERY // 2, self.rows, EVERY)
        other, missing, more = keys[::3], keys[1::3], [self.rows + each for each in (7, 70, 700)]
        legacy, new = (Table(address) for address in self.addresses)
        for each in (legacy, new):
            await each.make(self.rows)
        for statement, chosen in ((OTHER_VALUE, other), (MISSING, missing), (ONLY_HERE, more)):
            await new.once(statement, list(chosen))
        self.planted = frozenset((*other, *missing, *more))
        for each in (legacy, new):
            await each.close()

    @asynccontextmanager
    async def under_writes(self) -> AsyncIterator[None]:
        """For the length of the block; then each write is at both sides."""
        self._stops = False
        writers = [asyncio.ensure_future(self._write(number)) for number in range(WRITERS)]
        try:
            yield
        finally:
            self._stops = True
            await asyncio.gather(*writers)

    async def _write(self, writer: int) -> None:
        """Rule 2."""
        legacy, new = (Table(address) for address in self.addresses)
        while not self._stops:
            key, self.written = self._key(writer), self.written + 1
            given = self.dice.choice(WRITES), key, f"written {self.written}"
            await legacy.once(*given)
            await asyncio.sleep(LAGS)
            await new.once(*given)
            await asyncio.sleep(PAUSE)
        for each in (legacy, new):
            await each.close()

    def _key(self, writer: int) -> int:
        while (key := self.dice.randrange(writer + 1, self.rows + 1, WRITERS)) in self.planted:
            continue
        return key
