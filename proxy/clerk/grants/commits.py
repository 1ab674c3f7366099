"""A new token on its way into the database: on the disk first, then committed, however long that takes.

Rule 1: nothing is committed that is not in the spool; who waits is answered once it is committed, or after `PATIENCE`
        seconds from the spool alone.
Rule 2: what the database did not take then is tried until it does, or until this clerk's successor reads the spool.
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
BETWEEN = 0.25
"""Seconds between two tries."""
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

    async def keep(self, record: GrantRecord) -> bool:
        """Rule 1. False: the family went on without this token."""
        try:
            await self.spool.write(record)
        except OSError:
            _log.exception("grant_spool_failed", family=str(record.family))  # a full disk loses no token by itself
        trying = self._tasks.start(self._commit(record), name="grant-commit")
        await asyncio.wait([trying], timeout=PATIENCE)
        return trying.result() if trying.done() else True

    def highest(self, family: UUID) -> int:
        """The generation that was committed here; a database that says less from now on has lost it. -1: none."""
        return self._highest.get(family, -1)

    async def _commit(self, record: GrantRecord) -> bool:
        while True:
            try:
                taken = await self._tables.commit(record)
            except StoreUnavailable as error:
                _log.warning("grant_commit_waits", family=str(record.family), error=str(error))
                await asyncio.sleep(BETWEEN)
                continue
            except StoreRefused:
                _log.exception("grant_commit_refused", family=str(record.family))
                return False
            self.spool.committed(record)
            if taken:
                self._remember(record)
            return taken

    def _remember(self, record: GrantRecord) -> None:
        self._highest[record.family] = max(record.generation, self._highest.pop(record.family, -1))
        while len(self._highest) > REMEMBERED:
            self._highest.popitem(last=False)
