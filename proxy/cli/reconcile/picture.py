"""What `banyan reconcile` prints: a line for each key that differs, or for each column; and a sentence below."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.text import Text

from proxy.cli.columns import Cells, table_lines
from proxy.cli.reconcile.check_outcome import CheckOutcome, both_values
from proxy.core.one_line import one_line
from proxy.core.outcome import Side
from proxy.core.reconcile.progress import RunProgress
from proxy.core.reconcile.reconcile_run import RunCounts
from proxy.core.reconcile.row_difference import RowDifference, RowDifferenceKind

_HOW = {
    RowDifferenceKind.VALUE: "other values",
    RowDifferenceKind.ONLY_AT_LEGACY: "only at legacy",
    RowDifferenceKind.ONLY_AT_NEW: "only at new",
    RowDifferenceKind.DUPLICATE: "there more than once",
    RowDifferenceKind.NOT_ALONE: "on both sides, and may be on one only",
}


def difference_lines(outcome: CheckOutcome, *, values: bool) -> list[Text]:
    """A table: key, how it differs, in which columns; nothing where nothing does."""
    if not outcome.found:
        return []
    key = ", ".join(column.name for column in outcome.columns.key[Side.LEGACY])
    rows = [_row(outcome, each, key, values=values) for each in outcome.found]
    lines = _table([key, "rows", "columns"], rows)
    left = outcome.run.counts.differences - len(outcome.found)
    return [*lines, *[Text(f"… and {left:,} more")] * (left > 0)]


def _table(heads: Sequence[str], rows: Sequence[Cells], right: frozenset[str] = frozenset()) -> list[Text]:
    lines = table_lines(heads, rows, right, padded=sys.stdout.isatty())
    for line in lines:
        line.rstrip()
    return lines


def _row(outcome: CheckOutcome, each: RowDifference, key: str, *, values: bool) -> Cells:
    names = outcome.columns.names
    columns = (
        f"{names[place]}: {' → '.join(both_values(outcome.columns, each, place))}" if values else names[place]
        for place in each.columns
    )
    return {key: one_line(", ".join(each.key)), "rows": _HOW[each.kind], "columns": one_line(", ".join(columns))}


def tally_lines(outcome: CheckOutcome) -> list[Text]:
    """A table: how rows differ, in which column, and at how many keys; nothing where nothing does."""
    if not outcome.tally:
        return []
    names = outcome.columns.names
    rows = [
        {
            "keys": f"{each.keys:,}",
            "rows": _HOW[each.kind],
            "column": "" if each.column is None else one_line(names[each.column]),
        }
        for each in outcome.tally
    ]
    return _table(["keys", "rows", "column"], rows, right=frozenset({"keys"}))


def summary(outcome: CheckOutcome) -> str:
    """`accounts: 1,000 rows at legacy, 999 at new: 1 key differs (81,000 rows/s)`."""
    said = f"{outcome.run.check}: {_counted(outcome.run.counts)} ({outcome.rate:,.0f} rows/s)"
    return said if outcome.is_whole else f"{said}; given up: so much differs that there is one cause"


def progress_line(check: str, progress: RunProgress, rate: float) -> str:
    """How far it is."""
    return f"{check}: {_counted(progress.counts)} so far ({rate:,.0f} rows/s)"


def _counted(counts: RunCounts) -> str:
    keys = f"{counts.differences:,} keys differ" if counts.differences != 1 else "1 key differs"
    moving = f", {counts.unsettled:,} were written meanwhile" if counts.unsettled else ""
    return f"{counts.legacy_rows:,} rows at legacy, {counts.new_rows:,} at new: {keys}{moving}"
