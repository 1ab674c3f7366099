"""Calls that another replica's clerk makes: one look at the database for all that wait here for the same one."""

from __future__ import annotations

import asyncio
from uuid import UUID

from proxy.store.postgres.grant_tables import GrantTables
from proxy.tasks import Tasks

FIRST_LOOK, LONGEST_PAUSE = 0.05, 0.5
"""Seconds until the first look, and between two at the most."""


class FlightsElsewhere:
    """Of one clerk."""

    def __init__(self, tables: GrantTables, tasks: Tasks) -> None:
        """Nobody waits yet."""
        self._tables = tables
        self._tasks = tasks
        self._watched: dict[tuple[UUID, int], asyncio.Task[None]] = {}

    async def landed(self, family: UUID, epoch: int, within: float) -> None:
        """Until that call has ended, its lease is over, or so many seconds have passed; StoreUnavailable."""
        key = family, epoch
        watch = self._watched.get(key)
        if watch is None:
            watch = self._watched[key] = self._tasks.start(self._watch(family, epoch), name="grant-elsewhere")
            watch.add_done_callback(lambda _: self._watched.pop(key, None))
        done, _ = await asyncio.wait([watch], timeout=within)
        for each in done:
            each.result()

    async def _watch(self, family: UUID, epoch: int) -> None:
        pause = FIRST_LOOK
        await asyncio.sleep(pause)
        while await self._tables.is_elsewhere(family, epoch):
            pause = min(pause * 1.5, LONGEST_PAUSE)
            await asyncio.sleep(pause)
