"""What is recorded of a run with the Banyan that runs, and what is known there of the last one.

Rule 1: a run does not fail because nobody records it; that it is not recorded is said once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from proxy.api.reconcile import ReconcileRunBody, ReconcileRunsView, ReconcileRunView
from proxy.cli.admin_client import NoAnswerError, fetch, post, quoted, read, whoever
from proxy.cli.help_text import UNANSWERED
from proxy.cli.terminal import complain, leave
from proxy.core.reconcile.progress import RunProgress
from proxy.core.reconcile.reconcile_check import ReconcileCheck
from proxy.core.reconcile.reconcile_run import ReconcileRun, RunCounts, unfinished

EVERY = 2.0
"""Seconds between two records of a run under way: so much is read again when it is killed."""
_PATIENCE = 3.0


@dataclass(slots=True)
class RunRecorder:
    """`base` is the admin address, `config` the routes.yaml in whose state directory the token stands."""

    base: str
    config: Path
    _recorded_at: float = 0.0
    _has_failed: bool = False

    def begun(self, check: ReconcileCheck) -> RunProgress:
        """A new run."""
        run = ReconcileRun(id=uuid4().hex, check=check.name, mark=check.mark, started=time.time(), actor=whoever())
        return RunProgress(run)

    def resumed(self, check: ReconcileCheck) -> RunProgress:
        """The last run, if it was not complete and asked the same; else a new one. Exit 3 where nobody knows."""
        try:
            known = read(self.base, fetch(self.base, "/api/reconcile"), ReconcileRunsView)
        except NoAnswerError as error:
            complain(f"where the last run was ended is recorded with Banyan: {error.message}", error.cure)
            leave(UNANSWERED)
        last = unfinished((_run(view) for view in known.runs if view.check == check.name), check.mark)
        if last is None:
            complain(f"{check.name}: there is no run to go on with under what is asked now; a new one begins.")
            return self.begun(check)
        return RunProgress(last)

    def note(self, progress: RunProgress) -> None:
        """Record how far it is, every so often."""
        if not self._has_failed and time.monotonic() - self._recorded_at >= EVERY:
            self.record(progress.begun)
            self._recorded_at = time.monotonic()

    def record(self, run: ReconcileRun) -> None:
        """Record it now, by rule 1."""
        try:
            path = f"/api/reconcile/{quoted(run.check)}"
            post(self.base, path, _body(run), config=self.config, timeout=_PATIENCE)
        except NoAnswerError as error:
            if not self._has_failed:
                complain(f"this run is not recorded, so no ramp knows of it: {error.message}", error.cure)
            self._has_failed = True


def _body(run: ReconcileRun) -> ReconcileRunBody:
    return ReconcileRunBody(
        id=run.id,
        mark=run.mark,
        started=run.started,
        ended=run.ended,
        position=run.position,
        legacy_rows=run.counts.legacy_rows,
        new_rows=run.counts.new_rows,
        differences=run.counts.differences,
        unsettled=run.counts.unsettled,
        actor=run.actor,
    )


def _run(view: ReconcileRunView) -> ReconcileRun:
    counts = RunCounts(
        legacy_rows=view.legacy_rows,
        new_rows=view.new_rows,
        differences=view.differences,
        unsettled=view.unsettled,
    )
    return ReconcileRun(
        id=view.id,
        check=view.check,
        mark=view.mark,
        started=view.started,
        ended=view.ended,
        position=tuple(view.position),
        counts=counts,
        actor=view.actor,
    )
