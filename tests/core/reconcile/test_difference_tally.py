from __future__ import annotations

from proxy.core.reconcile.difference_tally import DifferenceTally, TallyLine
from proxy.core.reconcile.row_difference import RowDifference, RowDifferenceKind

VALUE, ONLY_AT_LEGACY = RowDifferenceKind.VALUE, RowDifferenceKind.ONLY_AT_LEGACY


def different(kind: RowDifferenceKind, *columns: int) -> RowDifference:
    return RowDifference(key=("1",), kind=kind, columns=columns)


def test_keys_are_counted_by_kind_and_column() -> None:
    """A key counts in each column that differs; what differs most comes first, and kinds stay together."""
    made = DifferenceTally()
    for each in (
        different(ONLY_AT_LEGACY),
        different(VALUE, 2),
        different(VALUE, 1, 2),
        different(VALUE, 0),
    ):
        made.add(each)

    assert made.lines == (
        TallyLine(VALUE, 2, 2),
        TallyLine(VALUE, 0, 1),
        TallyLine(VALUE, 1, 1),
        TallyLine(ONLY_AT_LEGACY, None, 1),
    )


def test_nothing_is_counted_where_nothing_differs() -> None:
    """No line stands for nought."""
    assert DifferenceTally().lines == ()
