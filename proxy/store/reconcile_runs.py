"""What a store of reconciliations can do. `memory/reconcile_runs.py` and `postgres/reconcile_runs.py` both do."""

from __future__ import annotations

from typing import Protocol

from proxy.core.reconcile.reconcile_run import ReconcileRun

KEPT_RUNS = 20
"""Of each check: the newest."""


class ReconcileRunStore(Protocol):
    """Runs by their ids. Every method may raise StoreUnavailable."""

    async def keep(self, run: ReconcileRun) -> None:
        """Add it, or replace what was known of it; one that has ended stays as it is."""

    async def runs(self) -> tuple[ReconcileRun, ...]:
        """Those that are kept, of all checks, newest first."""
