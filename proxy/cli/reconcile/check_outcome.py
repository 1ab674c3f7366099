"""What a run has come to, for text and JSON alike."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.outcome import Side
from proxy.core.reconcile.compared_columns import AgreedColumns, shown
from proxy.core.reconcile.difference_tally import TallyLine
from proxy.core.reconcile.reconcile_run import ReconcileRun
from proxy.core.reconcile.row_difference import RowDifference


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """`found` are the first differences of this process, `tally` counts all of them; `rows` it read of both sides, in
    `seconds`. `is_whole`: it was not given up.
    """

    run: ReconcileRun
    is_whole: bool
    columns: AgreedColumns
    found: tuple[RowDifference, ...]
    tally: tuple[TallyLine, ...]
    rows: int
    seconds: float

    @property
    def differs(self) -> bool:
        """Whether any key does."""
        return self.run.counts.differences > 0

    @property
    def rate(self) -> float:
        """Rows of both sides that were read in a second."""
        return self.rows / max(self.seconds, 1e-6)


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceShown:
    """One key, for scripts. `values` by column: at legacy, then at new."""

    key: dict[str, str]
    kind: str
    columns: list[str]
    values: dict[str, tuple[str, str]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyShown:
    """Keys that differ in one way, for scripts. `column` null: the row as a whole."""

    kind: str
    column: str | None
    keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeShown:
    """One check, for scripts."""

    check: str
    run: str
    complete: bool
    legacy_rows: int
    new_rows: int
    differences: int
    unsettled: int
    rows_per_second: int
    by_column: list[TallyShown]
    found: list[DifferenceShown]


def as_json(outcome: CheckOutcome, *, values: bool) -> OutcomeShown:
    """The whole of it; values only where they were asked for."""
    counts = outcome.run.counts
    return OutcomeShown(
        check=outcome.run.check,
        run=outcome.run.id,
        complete=outcome.is_whole,
        legacy_rows=counts.legacy_rows,
        new_rows=counts.new_rows,
        differences=counts.differences,
        unsettled=counts.unsettled,
        rows_per_second=round(outcome.rate),
        by_column=[_tallied(outcome.columns, each) for each in outcome.tally],
        found=[_difference(outcome.columns, each, values=values) for each in outcome.found],
    )


def _tallied(columns: AgreedColumns, each: TallyLine) -> TallyShown:
    column = None if each.column is None else columns.names[each.column]
    return TallyShown(kind=each.kind.value, column=column, keys=each.keys)


def _difference(columns: AgreedColumns, each: RowDifference, *, values: bool) -> DifferenceShown:
    names = columns.names
    return DifferenceShown(
        key={column.name: text for column, text in zip(columns.key[Side.LEGACY], each.key, strict=True)},
        kind=each.kind.value,
        columns=[names[place] for place in each.columns],
        values={names[place]: both_values(columns, each, place) for place in each.columns} if values else None,
    )


def both_values(columns: AgreedColumns, each: RowDifference, place: int) -> tuple[str, str]:
    """A column's value at legacy and at new, as people read it."""
    one, other = columns.compared[Side.LEGACY][place], columns.compared[Side.NEW][place]
    return shown(one, each.legacy[place]), shown(other, each.new[place])
