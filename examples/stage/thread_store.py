"""A PostgreSQL for a system with threads: one loop in a thread of its own speaks to PostgreSQL for all of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import asyncpg

_Found = TypeVar("_Found")
_MOST = 12


class ThreadStore:
    """`rows`, `run` and `within` block the calling thread."""

    def __init__(self, address: str) -> None:
        """Connects at once."""
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="store").start()
        self._pool = self._wait(self._connect(address))

    def rows(self, statement: str, *values: object) -> list[Any]:
        """What a SELECT finds."""
        return self._wait(self._pool.fetch(statement, *values))

    def run(self, statement: str, *values: object) -> None:
        """Do it."""
        self._wait(self._pool.execute(statement, *values))

    def within(self, work: Callable[[Any], Coroutine[Any, Any, _Found]]) -> _Found:
        """Several statements on one connection, in one transaction; what `work` raises ends it."""
        return self._wait(self._within(work))

    async def _within(self, work: Callable[[Any], Coroutine[Any, Any, _Found]]) -> _Found:
        async with self._pool.acquire() as connection, connection.transaction():
            return await work(connection)

    def replace(self, delete: str, insert: str, owner: str, lines: Sequence[tuple[object, ...]]) -> None:
        """Rows of one owner by these, in one transaction."""
        self._wait(self._replace(delete, insert, owner, lines))

    async def _replace(self, delete: str, insert: str, owner: str, lines: Sequence[tuple[object, ...]]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", owner)
            await connection.execute(delete, owner)
            await connection.executemany(insert, lines)

    async def _connect(self, address: str) -> Any:  # noqa: ANN401 -- asyncpg has no types
        return await asyncpg.create_pool(address, min_size=1, max_size=_MOST)

    def _wait(self, work: Coroutine[Any, Any, _Found]) -> _Found:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
