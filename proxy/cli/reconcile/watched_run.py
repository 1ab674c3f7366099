"""One check, run in front of somebody: progress on stderr, records on the way, and a record at the end.

Rule 1: who is stopped (Ctrl-C, SIGTERM) or finds a database away has recorded how far the run came.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.cli.help_text import UNANSWERED
from proxy.cli.reconcile.check_outcome import CheckOutcome
from proxy.cli.reconcile.picture import progress_line
from proxy.cli.reconcile.recording import RunRecorder
from proxy.cli.terminal import complain, leave
from proxy.core.reconcile.progress import RunProgress
from proxy.core.reconcile.reconcile_check import Database, ReconcileCheck
from proxy.reconcile.reconciliation import Reconciliation, both_sides
from proxy.reconcile.trouble import ReconcileTrouble

ON_TERMINAL, IN_LOG = 0.5, 10.0
"""Seconds between two lines of progress: one that is written over, and one that stays."""


@dataclass(slots=True)
class _Watch:
    """What is said and recorded after each range."""

    check: str
    recorder: RunRecorder
    before: int
    started: float = field(default_factory=time.monotonic)
    _said_at: float = field(default_factory=time.monotonic)

    def told(self, progress: RunProgress) -> None:
        self.recorder.note(progress)
        is_seen, now = sys.stderr.isatty(), time.monotonic()
        if now - self._said_at >= (ON_TERMINAL if is_seen else IN_LOG):
            line = progress_line(self.check, progress, self.rows(progress) / self.seconds)
            sys.stderr.write(f"\r\x1b[K{line}" if is_seen else f"{line}\n")
            sys.stderr.flush()
            self._said_at = now

    def end(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")

    def rows(self, progress: RunProgress) -> int:
        return progress.counts.legacy_rows + progress.counts.new_rows - self.before

    @property
    def seconds(self) -> float:
        return max(time.monotonic() - self.started, 1e-6)


def run_check(
    check: ReconcileCheck, databases: Mapping[str, Database], progress: RunProgress, rate: int, recorder: RunRecorder
) -> CheckOutcome:
    """Run it, and record what it came to; ReconcileTrouble. Exit 3 when it is stopped."""
    counts = progress.begun.counts
    watch = _Watch(check.name, recorder, counts.legacy_rows + counts.new_rows)
    try:
        return asyncio.run(_run(check, databases, progress, rate, watch))
    except ReconcileTrouble:
        recorder.record(progress.begun)
        raise
    except (KeyboardInterrupt, asyncio.CancelledError):
        recorder.record(progress.begun)
        complain(f"{check.name}: stopped.", f"`banyan reconcile {check.name} --resume` goes on.")
        leave(UNANSWERED)
    finally:
        watch.end()


async def _run(
    check: ReconcileCheck, databases: Mapping[str, Database], progress: RunProgress, rate: int, watch: _Watch
) -> CheckOutcome:
    _stopped_by_sigterm()
    legacy, new = (databases[query.database] for query in (check.legacy, check.new))
    async with both_sides(check, legacy, new) as sides:
        watch.recorder.record(progress.begun)
        work = Reconciliation(sides=sides, progress=progress, rate=rate, told=watch.told)
        is_whole = await work.run()
    run = progress.ended(time.time())
    watch.recorder.record(run)
    return CheckOutcome(
        run=run,
        is_whole=is_whole,
        columns=sides.columns,
        found=tuple(progress.found),
        tally=progress.tally.lines,
        rows=watch.rows(progress),
        seconds=watch.seconds,
    )


def _stopped_by_sigterm() -> None:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
