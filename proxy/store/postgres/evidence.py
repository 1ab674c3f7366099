"""Evidence in PostgreSQL. Additions go by COPY into staging tables and are merged there, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.core.evidence.records import (
    OTHER,
    SAMPLED,
    Cluster,
    ComparedExchange,
    Epoch,
    EvidenceTally,
    GuardState,
    Increments,
    JudgedRules,
    KeyGroup,
    NoiseCount,
    NoiseFinding,
    Pruned,
    Retention,
    RuleHits,
    Sample,
    ShapeCount,
    cleaned,
)
from proxy.core.position.standing import Lead
from proxy.store import rows, sorting
from proxy.store.exchange_json import decode
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.driver import Connection, query
from proxy.store.staged import Staged, staged

_REMEMBERED = 3600.0
"""Seconds for which the id of increments is known: longer than anybody would try again."""


class PostgresEvidence:
    """An EvidenceStore. `retention` bounds what `add` lets grow, and what `prune` leaves."""

    def __init__(self, connections: Connections, retention: Retention | None = None) -> None:
        """Nothing is asked of the database yet."""
        self._connections = connections
        self._retention = retention or Retention()

    async def add(self, increments: Increments) -> None:
        """As EvidenceStore says."""
        tables = staged(increments)
        async with self._connections.transaction() as connection:
            await connection.execute(query("take_turn"))
            if await connection.fetchval(query("apply_once"), increments.id, increments.at) is None:
                return
            for table in tables:
                await _copy(connection, table)
            for statement, *arguments in self._merges({each.table for each in tables}):
                await connection.execute(query(str(statement)), *arguments)
            await connection.execute(query("clear_staged"))

    def _merges(self, tables: set[str]) -> Iterable[tuple[object, ...]]:
        """Statements with their arguments, in an order in which each finds what it needs."""
        keep = self._retention
        if "staged_shape" in tables:
            yield "admit_shapes", keep.shapes, OTHER
            yield ("add_shapes",)
        if "staged_tally" in tables:
            yield ("add_tallies",)
        if "staged_cluster" in tables:
            yield "admit_clusters", keep.clusters, OTHER
            yield ("add_clusters",)
        if "staged_sample" in tables:
            yield ("add_samples",)
            yield "thin_samples", SAMPLED
        if "staged_rule_hits" in tables:
            yield ("add_rule_hits",)
        if "staged_noise_count" in tables:
            yield "add_noise_counts", keep.noise_counts
        if "staged_key_group" in tables:
            yield ("add_key_groups",)
            yield "thin_key_groups", keep.groups
        if "staged_recorded" in tables:
            yield ("add_recorded",)
            yield "thin_recorded", keep.recorded

    async def open_epoch(self, asked: Epoch) -> Epoch:
        """As EvidenceStore says."""
        async with self._connections.transaction() as connection:
            await connection.execute(query("take_turn"))
            (row,) = await connection.fetch(query("open_epoch"), *rows.epoch_row(cleaned(asked)))
        return rows.epoch(row)

    async def epochs(self, route: str) -> tuple[Epoch, ...]:
        """As EvidenceStore says."""
        return sorting.epochs(map(rows.epoch, await self._fetch("epochs", route)))

    async def judge_by(self, asked: JudgedRules, fresh: int) -> JudgedRules:
        """As EvidenceStore says."""
        (row,) = await self._fetch("judge_by", asked.route, asked.mark, asked.minute, fresh)
        return JudgedRules(**row)

    async def tallies(self, route: str, epoch: int, since_minute: int = 0) -> tuple[EvidenceTally, ...]:
        """As EvidenceStore says."""
        return sorting.tallies(map(rows.tally, await self._fetch("tallies", route, epoch, since_minute)))

    async def clusters(self, route: str, epoch: int) -> tuple[Cluster, ...]:
        """As EvidenceStore says."""
        return sorting.clusters(map(rows.cluster, await self._fetch("clusters", route, epoch)))

    async def samples(self, route: str, epoch: int, cluster: str) -> tuple[Sample, ...]:
        """As EvidenceStore says."""
        return sorting.samples(map(rows.sample, await self._fetch("samples", route, epoch, cluster)))

    async def shapes(self, route: str) -> tuple[ShapeCount, ...]:
        """As EvidenceStore says."""
        return sorting.shapes(ShapeCount(**row) for row in await self._fetch("shapes", route))

    async def key_groups(self, route: str) -> tuple[KeyGroup, ...]:
        """As EvidenceStore says."""
        return sorting.key_groups(map(rows.key_group, await self._fetch("key_groups", route)))

    async def rule_hits(self, route: str) -> tuple[RuleHits, ...]:
        """As EvidenceStore says."""
        return sorting.rule_hits(RuleHits(**row) for row in await self._fetch("rule_hits", route))

    async def noise_counts(self, route: str) -> tuple[NoiseCount, ...]:
        """As EvidenceStore says."""
        return sorting.noise_counts(NoiseCount(**row) for row in await self._fetch("noise_counts", route))

    async def noise(self, route: str) -> tuple[NoiseFinding, ...]:
        """As EvidenceStore says."""
        return sorting.noise(map(rows.noise, await self._fetch("noise", route)))

    async def save_noise(self, findings: tuple[NoiseFinding, ...], lead: Lead) -> bool:
        """As EvidenceStore says."""
        return await self._save("save_noise", [rows.noise_row(cleaned(finding)) for finding in findings], lead)

    async def guards(self) -> tuple[GuardState, ...]:
        """As EvidenceStore says."""
        return sorting.guards(map(rows.guard, await self._fetch("guards")))

    async def save_guards(self, states: tuple[GuardState, ...], lead: Lead) -> bool:
        """As EvidenceStore says."""
        return await self._save("save_guard", [rows.guard_row(cleaned(state)) for state in states], lead)

    async def recorded(self, route: str, limit: int) -> tuple[ComparedExchange, ...]:
        """As EvidenceStore says."""
        return tuple(decode(row["exchange"]) for row in await self._fetch("recorded", route, limit))

    async def prune(self, now: float) -> Pruned:
        """As EvidenceStore says."""
        keep = self._retention
        oldest, half = now - keep.age, keep.exchange_bytes // 2
        async with self._connections.transaction() as connection:
            await connection.execute(query("take_turn"))
            await connection.execute(query("prune_epochs"), keep.epochs)
            await connection.execute(query("prune_judged_rules"), keep.rules)
            tallies = await _deleted(connection, "prune_tallies", int(oldest // 60), keep.tallies)
            clusters = await _deleted(connection, "prune_clusters", oldest)
            samples = await _deleted(connection, "prune_samples", oldest, half)
            recorded = await _deleted(connection, "prune_recorded", oldest, half)
            others = [await _deleted(connection, name, oldest) for name in _BY_AGE]
            others.append(await _deleted(connection, "prune_key_groups", oldest, keep.all_groups))
            await connection.execute(query("prune_applied"), now - _REMEMBERED)
        return Pruned(tallies=tallies, clusters=clusters, exchanges=samples + recorded, others=sum(others))

    async def _fetch(self, name: str, *arguments: object) -> list[rows.Row]:
        async with self._connections.connection() as connection:
            return list(await connection.fetch(query(name), *arguments))

    async def _save(self, name: str, records: list[tuple[object, ...]], lead: Lead) -> bool:
        async with self._connections.transaction() as connection:
            if await connection.fetchval(query("hold_lead"), lead.name, lead.holder, lead.epoch) is None:
                return False
            await connection.executemany(query(name), records)
        return True


_BY_AGE = ("prune_shapes", "prune_rule_hits", "prune_noise", "prune_guards")


async def _copy(connection: Connection, table: Staged) -> None:
    await connection.copy_records_to_table(table.table, schema_name="banyan", columns=table.columns, records=table.rows)


async def _deleted(connection: Connection, name: str, *arguments: object) -> int:
    """How many records the statement deleted; the server answers `DELETE 7`."""
    return int((await connection.execute(query(name), *arguments)).split()[-1])
