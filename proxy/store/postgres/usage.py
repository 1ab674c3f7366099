"""Usage in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.core.discovery.usage import OTHERS, SECONDS_A_DAY, CallerUsage, UsageDay, day_of
from proxy.core.evidence.records import cleaned
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.driver import query
from proxy.store.usage import GONE_DAYS, KEPT_DAYS, MOST_CALLERS, UsageBatch

MOST_RECORDS = 2_000_000


class PostgresUsage:
    """A UsageStore over a database. The ids of batches are forgotten with those of evidence."""

    def __init__(self, connections: Connections, most: int = MOST_RECORDS, callers: int = MOST_CALLERS) -> None:
        """Nothing is asked of the database yet."""
        self._connections = connections
        self._most = most
        self._callers = callers

    async def begin(self, now: float) -> float:
        """As UsageStore says."""
        async with self._connections.connection() as connection:
            return float(await connection.fetchval(query("begin_usage"), now))

    async def know(self, takes: Mapping[str, str], now: float) -> Mapping[str, float]:
        """As UsageStore says."""
        routes = sorted(takes)
        async with self._connections.transaction() as connection:
            await connection.execute(query("take_usage_turn"))
            await connection.execute(query("forget_usage_routes"), routes, now - GONE_DAYS * SECONDS_A_DAY)
            rows = await connection.fetch(query("know_usage_routes"), routes, [takes[name] for name in routes], now)
        return {row["route"]: float(row["since"]) for row in rows}

    async def gone(self, takes: Mapping[str, str]) -> Mapping[str, str]:
        """As UsageStore says."""
        async with self._connections.connection() as connection:
            rows = await connection.fetch(query("usage_routes_gone"), list(takes))
        return {row["route"]: row["takes"] for row in rows}

    async def add(self, batch: UsageBatch) -> None:
        """As UsageStore says."""
        rows = [self._row(cleaned(record)) for record in batch.days]
        async with self._connections.transaction() as connection:
            await connection.execute(query("take_usage_turn"))
            if await connection.fetchval(query("apply_once"), batch.id, batch.at) is not None:
                await connection.executemany(query("add_usage"), rows)

    def _row(self, record: UsageDay) -> tuple[object, ...]:
        counts = (record.calls, record.good, record.first, record.last)
        return record.route, record.caller, record.day, *counts, self._callers, OTHERS

    async def sums(self, *routes: str) -> tuple[CallerUsage, ...]:
        """As UsageStore says."""
        async with self._connections.connection() as connection:
            asked = (query("usage_sums_of"), routes) if routes else (query("usage_sums"),)
            return tuple(CallerUsage(**row) for row in await connection.fetch(*asked))

    async def days(self, route: str) -> tuple[UsageDay, ...]:
        """As UsageStore says."""
        async with self._connections.connection() as connection:
            return tuple(UsageDay(**row) for row in await connection.fetch(query("usage_days"), route))

    async def prune(self, now: float) -> int:
        """As UsageStore says."""
        async with self._connections.transaction() as connection:
            await connection.execute(query("take_usage_turn"))
            first = day_of(now) - KEPT_DAYS
            oldest = int(await connection.fetchval(query("oldest_usage"), first, self._most))
            gone = await connection.execute(query("prune_usage"), oldest)
            await connection.execute(query("move_usage_begin"), float(oldest * SECONDS_A_DAY))
        return int(gone.split()[-1])
