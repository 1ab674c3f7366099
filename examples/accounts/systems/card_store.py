"""The card product's store, for threads: one loop in a thread of its own speaks to PostgreSQL for all of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import asyncpg

_Found = TypeVar("_Found")
_MOST = 12


class CardStore:
    """`rows` and `run` block the calling thread."""

    def __init__(self, address: str) -> None:
        """Connects at once."""
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="card store").start()
        self._pool = self._wait(self._connect(address))

    def rows(self, statement: str, *values: object) -> list[Any]:
        """What a SELECT finds."""
        return self._wait(self._pool.fetch(statement, *values))

    def run(self, statement: str, *values: object) -> None:
        """Do it."""
        self._wait(self._pool.execute(statement, *values))

    def replace(self, delete: str, insert: str, tenant: str, lines: Sequence[tuple[object, ...]]) -> None:
        """A tenant's rows by these, in one transaction."""
        self._wait(self._replace(delete, insert, tenant, lines))

    async def _replace(self, delete: str, insert: str, tenant: str, lines: Sequence[tuple[object, ...]]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", tenant)
            await connection.execute(delete, tenant)
            await connection.executemany(insert, lines)

    async def _connect(self, address: str) -> Any:  # noqa: ANN401 -- asyncpg has no types
        return await asyncpg.create_pool(address, min_size=1, max_size=_MOST)

    def _wait(self, work: Coroutine[Any, Any, _Found]) -> _Found:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
