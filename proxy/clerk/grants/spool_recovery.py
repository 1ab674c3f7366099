"""After a clerk's death: what it had on the disk is committed, and what it had sent is unknown.

Rule: a lock on its file proves that it is dead; while it lives its file is left alone, and looked at again later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from proxy.clerk.grants.spool import Spool, clerk_of
from proxy.store.grant_records import GrantRecord, records_in
from proxy.store.postgres.grant_tables import GrantTables

_log = structlog.get_logger()


async def recover(tables: GrantTables, spool: Spool) -> int:
    """How many calls of dead clerks came to nothing that is known; StoreUnavailable: once more later."""
    await tables.is_closed(spool.host)  # the host is known from now on, as one that has to replay
    orphaned = 0
    for path in spool.abandoned():
        records = list(records_in(await asyncio.to_thread(path.read_bytes)))
        applied = await _apply(tables, records)
        orphaned += (unknown := await tables.orphan(clerk_of(path)))
        spool.applied(path)
        _log.info("grant_spool_applied", clerk=clerk_of(path), records=len(records), applied=applied, unknown=unknown)
    return orphaned


async def _apply(tables: GrantTables, records: Iterable[GrantRecord]) -> int:
    """In order; only what the database does not know yet."""
    records = list(records)
    known = await tables.generations({record.family for record in records})
    news = [record for record in records if record.generation > known.get(record.family, -1)]
    return sum([await tables.commit(record) for record in news])
