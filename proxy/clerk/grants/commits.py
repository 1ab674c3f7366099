"""A new token on its way into the database: on the disk first, then committed, however long that takes.

Rule 1: nothing is committed that is not in the spool; who waits is answered once it is committed, or after `PATIENCE`
        seconds from the spool alone.
Rule 2: what the database did not take then is tried until it does, or until this clerk's successor reads the spool;
        also what it refuses, since a cause that lies in the database may be mended, and the token is used up.
Rule 3: a token that waits here is the current one, whatever the database says: the one before it is not used again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from uuid import UUID

import structlog

from proxy.clerk.grants.spool import Spool
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.grant_records import GrantRecord
from proxy.store.postgres.grant_tables import GrantTables
from proxy.tasks import Tasks

PATIENCE = 60.0
BETWEEN, LONGEST = 0.25, 30.0
"""Seconds between two tries: while the database is away, and at the most where it refuses."""
REMEMBERED = 100_000
_log = structlog.get_logger()


class Commits:
    """Of one clerk."""

    def __init__(self, tables: GrantTables, spool: Spool, tasks: Tasks) -> None:
        """`tasks` holds what outlives those who wait."""
        self.spool = spool
        self._tables = tables
        self._tasks = tasks
        self._highest: OrderedDict[UUID, int] = OrderedDict()
        self._waiting: set[UUID] = set()

    async def keep(self, record: GrantRecord) -> bool:
        """Rule 1. False: the family went on without this token."""
        try:
            await self.spool.write(record)
        except OSError:
            _log.exception("grant_spool_failed", family=str(record.family))  # a full disk loses no token by itself
        trying = self._tasks.start(self._commit(record), name="grant-commit")
        await asyncio.wait([trying], timeout=PATIENCE)
        return trying.result() if trying.done() else True

    def waits(self, family: UUID) -> bool:
        """Rule 3."""
        return family in self._waiting

    def highest(self, family: UUID) -> int:
        """The generation that was committed here; a database that says less from now on has lost it. -1: none."""
        return self._highest.get(family, -1)

    async def _commit(self, record: GrantRecord) -> bool:
        self._waiting.add(record.family)
        try:
            taken = await self._taken(record)
        finally:
            self._waiting.discard(record.family)
        self.spool.committed(record)
        if taken:
            self._remember(record)
        return taken

    async def _taken(self, record: GrantRecord) -> bool:
        """Rule 2."""
        refused = BETWEEN
        while True:
            try:
                return await self._tables.commit(record)
            except StoreUnavailable as error:
                _log.warning("grant_commit_waits", family=str(record.family), error=str(error))
                await asyncio.sleep(BETWEEN)
            except StoreRefused:
                _log.exception("grant_commit_refused", family=str(record.family))
                await asyncio.sleep(refused)
                refused = min(2 * refused, LONGEST)

    def _remember(self, record: GrantRecord) -> None:
        self._highest[record.family] = max(record.generation, self._highest.pop(record.family, -1))
        while len(self._highest) > REMEMBERED:
            self._highest.popitem(last=False)
