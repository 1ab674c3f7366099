"""Runs of reconciliations in PostgreSQL."""

from __future__ import annotations

from proxy.core.evidence.records import cleaned
from proxy.core.reconcile.reconcile_run import ReconcileRun, RunCounts
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.driver import query
from proxy.store.reconcile_runs import KEPT_RUNS
from proxy.store.rows import Row


class PostgresReconcileRuns:
    """A ReconcileRunStore over a database."""

    def __init__(self, connections: Connections) -> None:
        """Nothing is asked of the database yet."""
        self._connections = connections

    async def keep(self, run: ReconcileRun) -> None:
        """As ReconcileRunStore says."""
        async with self._connections.transaction() as connection:
            await connection.execute(query("keep_reconcile_run"), *_row(cleaned(run)))
            await connection.execute(query("prune_reconcile_runs"), run.check, KEPT_RUNS)

    async def runs(self) -> tuple[ReconcileRun, ...]:
        """As ReconcileRunStore says."""
        async with self._connections.connection() as connection:
            return tuple(map(_run, await connection.fetch(query("reconcile_runs"))))


def _row(run: ReconcileRun) -> tuple[object, ...]:
    """As `keep_reconcile_run.sql` takes it."""
    counts = (run.counts.legacy_rows, run.counts.new_rows, run.counts.differences, run.counts.unsettled)
    return run.id, run.check, run.mark, run.started, run.ended, list(run.position), *counts, run.actor


def _run(row: Row) -> ReconcileRun:
    counts = RunCounts(
        legacy_rows=row["legacy_rows"],
        new_rows=row["new_rows"],
        differences=row["differences"],
        unsettled=row["unsettled"],
    )
    return ReconcileRun(
        id=row["id"],
        check=row["check_name"],
        mark=row["mark"],
        started=row["started"],
        ended=row["ended"],
        position=tuple(row["position"]),
        counts=counts,
        actor=row["actor"],
    )
