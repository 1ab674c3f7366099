from __future__ import annotations

import pytest

from proxy.core.reconcile import progress as module
from proxy.core.reconcile.progress import RunProgress
from proxy.core.reconcile.reconcile_run import RunCounts
from proxy.core.reconcile.row_difference import RowDifference, RowDifferenceKind, RowPair, Unsettled
from tests.core.reconcile.test_reconcile_run import run

TEN = RunCounts(legacy_rows=10, new_rows=10)
PAIR = RowPair(("a",), ("b",))
DIFFERENT = RowDifference(key=("1",), kind=RowDifferenceKind.VALUE)


def test_a_run_is_gone_on_with_from_before_what_waits() -> None:
    """A range is passed once its keys, and those of all ranges before it, were looked at again."""
    made = RunProgress(run("r", 0.0))
    start = made.begun.counts
    made.read(("10",), TEN, [], 1.0)
    made.read(("20",), TEN, [(("11",), PAIR), (("12",), PAIR)], 2.0)
    made.read(("30",), TEN, [], 3.0)

    assert (made.begun.position, made.begun.counts) == (("10",), start + TEN)
    first, second = made.due(2.0, 9)
    made.looked(first, DIFFERENT)
    assert made.begun.position == ("10",)
    made.looked(second, Unsettled.MOVING)

    assert made.begun.position == ("30",)
    assert made.begun.counts == made.counts
    assert (made.counts.differences, made.counts.unsettled) == (1, 1)
    assert made.found == [DIFFERENT]
    assert [each.keys for each in made.tally.lines] == [1]


def test_the_last_range_is_never_passed() -> None:
    """It has no end from which anybody could go on; a run that ended counts it."""
    made = RunProgress(run("r", 0.0))
    made.read(("10",), TEN, [], 1.0)
    made.read((), TEN, [], 2.0)

    assert (made.begun.position, made.begun.counts.legacy_rows) == (("10",), 19)
    assert (made.ended(5.0).counts.legacy_rows, made.ended(5.0).ended) == (29, 5.0)


def test_keys_are_due_in_their_order_and_only_when_it_is_time() -> None:
    """The oldest first, so many at once; what agrees by then counts as nothing."""
    made = RunProgress(run("r", 0.0))
    made.read(("10",), TEN, [((str(number),), PAIR) for number in range(3)], 1.0)
    made.read(("20",), TEN, [(("11",), PAIR)], 2.0)

    assert made.due(0.5, 9) == []
    assert made.oldest == 1.0
    assert [each.key for each in made.due(1.5, 2)] == [("0",), ("1",)]
    (last,) = made.due(1.5, 9)
    made.looked(last, None)
    assert (made.oldest, made.counts.differences) == (2.0, 0)
    assert len(made.due(2.0, 9)) == 1
    assert made.oldest is None


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of differences the first, of waiting keys so many before they come first; all differences are counted."""
    for name in ("MOST_SHOWN", "MOST_DIFFERENCES", "MOST_WAITING"):
        monkeypatch.setattr(module, name, 2)
    made = RunProgress(run("r", 0.0))
    made.read(("10",), TEN, [((str(number),), PAIR) for number in range(3)], 1.0)

    assert made.is_crowded
    for each in made.due(1.0, 9):
        made.looked(each, DIFFERENT)
    assert (len(made.found), made.counts.differences) == (2, 3)
    assert made.is_hopeless
    assert not made.is_crowded
