"""Runs of reconciliations in this process's memory."""

from __future__ import annotations

from proxy.core.evidence.records import cleaned
from proxy.core.reconcile.reconcile_run import ReconcileRun
from proxy.store.reconcile_runs import KEPT_RUNS


class MemoryReconcileRuns:
    """A ReconcileRunStore."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._runs: dict[str, ReconcileRun] = {}

    async def keep(self, run: ReconcileRun) -> None:
        """As ReconcileRunStore says."""
        known = self._runs.get(run.id)
        if known is None or known.ended is None:
            self._runs[run.id] = cleaned(run)
        of_check = [each for each in await self.runs() if each.check == run.check]
        for each in of_check[KEPT_RUNS:]:
            del self._runs[each.id]

    async def runs(self) -> tuple[ReconcileRun, ...]:
        """As ReconcileRunStore says."""
        return tuple(sorted(self._runs.values(), key=lambda run: (-run.started, run.id)))
