"""Runs of reconciliations as the judge and the admin port know them: those of the store, as of a moment ago.

Rule 1: a result with differences is an alarm, told once for each run by each replica.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from proxy.core.reconcile.reconcile_check import ReconcileCheck
from proxy.core.reconcile.reconcile_run import ReconcileRun, speaking
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.reconcile_runs import ReconcileRunStore

EVERY = 5.0
"""Seconds between two looks: another replica may have been told of one."""
PATIENCE = 1.5
_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class ReconcileRuns:
    """`known` are newest first; while the store is away they stay as they were, and grow old. `checks`: those of the
    present table; `alarm` is told a sentence.
    """

    store: ReconcileRunStore
    checks: Callable[[], Sequence[ReconcileCheck]] = tuple
    alarm: Callable[[str], None] = lambda _: None
    known: tuple[ReconcileRun, ...] = ()
    _told: frozenset[str] = frozenset()
    _is_away: bool = False

    async def keep(self, run: ReconcileRun) -> None:
        """Record it; StoreUnavailable, StoreRefused or TimeoutError when that cannot be done now."""
        async with asyncio.timeout(PATIENCE):
            await self.store.keep(run)
            self.known = await self.store.runs()
        self._tell()

    @property
    def results(self) -> Mapping[str, ReconcileRun | None]:
        """Of each check the run that says how things stand."""
        found: dict[str, ReconcileRun | None] = {}
        for check in self.checks():
            found[check.name] = speaking([run for run in self.known if run.check == check.name], check.mark)
        return found

    def _tell(self) -> None:
        differing = {run.id: run for run in self.results.values() if run is not None and run.counts.differences}
        for run in [run for run_id, run in differing.items() if run_id not in self._told]:
            _log.error("reconcile_differs", check=run.check, run=run.id, differences=run.counts.differences)
            self.alarm(f"{run.counts.differences} keys differ between the databases of the check {run.check}")
        self._told = frozenset(differing)

    async def run(self) -> None:
        """Follow the store, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Once."""
        try:
            async with asyncio.timeout(PATIENCE):
                self.known = await self.store.runs()
            self._is_away = False
            self._tell()
        except (StoreUnavailable, StoreRefused, TimeoutError) as error:
            if not self._is_away:
                _log.warning("reconcile_runs_not_read", error=str(error) or "no answer in time")
            self._is_away = True
