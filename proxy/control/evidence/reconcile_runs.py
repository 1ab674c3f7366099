"""Runs of reconciliations as the judge and the admin port know them: those of the store, as of a moment ago."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from proxy.core.reconcile.reconcile_run import ReconcileRun
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.reconcile_runs import ReconcileRunStore

EVERY = 5.0
"""Seconds between two looks: another replica may have been told of one."""
PATIENCE = 1.5
_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class ReconcileRuns:
    """`known` are newest first; while the store is away they stay as they were, and grow old."""

    store: ReconcileRunStore
    known: tuple[ReconcileRun, ...] = ()
    _is_away: bool = False

    async def keep(self, run: ReconcileRun) -> None:
        """Record it; StoreUnavailable, StoreRefused or TimeoutError when that cannot be done now."""
        async with asyncio.timeout(PATIENCE):
            await self.store.keep(run)
            self.known = await self.store.runs()

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
        except (StoreUnavailable, StoreRefused, TimeoutError) as error:
            if not self._is_away:
                _log.warning("reconcile_runs_not_read", error=str(error) or "no answer in time")
            self._is_away = True
