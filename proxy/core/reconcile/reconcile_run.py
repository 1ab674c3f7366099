"""A run of a check, as it is recorded: how far it came and what it counted.

Rule 1: a run that has ended stays as it is. One that has not can be gone on with from its position, under its mark.
Rule 2: of the runs of a check the newest that is complete counts; a newer one that is under way speaks as soon as it
        has found a difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from proxy.core.reconcile.row_difference import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """Rows of each side, keys that differ, keys that moved at both looks."""

    legacy_rows: int = 0
    new_rows: int = 0
    differences: int = 0
    unsettled: int = 0

    def __add__(self, other: RunCounts) -> RunCounts:
        """Both together."""
        return RunCounts(
            legacy_rows=self.legacy_rows + other.legacy_rows,
            new_rows=self.new_rows + other.new_rows,
            differences=self.differences + other.differences,
            unsettled=self.unsettled + other.unsettled,
        )


NOTHING_COUNTED = RunCounts()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileRun:
    """`mark` is its check's; `position` the key up to which all is settled, empty: none yet. Unix seconds.

    `ended` None: not yet, or never.
    """

    id: str
    check: str
    mark: str
    started: float
    ended: float | None = None
    position: Key = ()
    counts: RunCounts = field(default=NOTHING_COUNTED)
    actor: str = ""


def speaking(runs: Iterable[ReconcileRun], mark: str) -> ReconcileRun | None:
    """The run that says how things stand (rule 2) under this mark; None: there is none."""
    newest = sorted((run for run in runs if run.mark == mark), key=lambda run: run.started, reverse=True)
    return next((run for run in newest if run.ended is not None or run.counts.differences), None)


def unfinished(runs: Iterable[ReconcileRun], mark: str) -> ReconcileRun | None:
    """The newest run, if it can be gone on with."""
    newest = max(runs, key=lambda run: run.started, default=None)
    return newest if newest is not None and newest.ended is None and newest.mark == mark else None
