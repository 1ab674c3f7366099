from __future__ import annotations

import pytest

from proxy.core.reconcile.row_difference import (
    NOTHING,
    RowDifference,
    RowDifferenceKind,
    RowPair,
    Sight,
    Unsettled,
    differing,
    hashes_by_key,
    settled,
)

KEY = ("1",)


def sight(*hashes: str, texts: tuple[str | None, ...] = ("1", "a"), alone: bool = False, fresh: bool = False) -> Sight:
    return Sight(hashes, texts, is_alone=alone, is_fresh=fresh)


def test_keys_differ_by_their_rows_in_any_order() -> None:
    """What one side alone has, and what both have otherwise; the order in which rows came does not count."""
    legacy = hashes_by_key([(("1",), "b"), (("1",), "a"), (("2",), "c"), (("3",), "d")])
    new = hashes_by_key([(("1",), "a"), (("1",), "b"), (("3",), "x"), (("4",), "e")])

    assert differing(legacy, new) == {
        ("2",): RowPair(("c",), ()),
        ("3",): RowPair(("d",), ("x",)),
        ("4",): RowPair((), ("e",)),
    }


@pytest.mark.parametrize(
    ("legacy", "new", "kind", "columns"),
    [
        (sight("a"), sight("b", texts=("1", None)), RowDifferenceKind.VALUE, (1,)),
        (sight("a"), NOTHING, RowDifferenceKind.ONLY_AT_LEGACY, ()),
        (NOTHING, sight("a"), RowDifferenceKind.ONLY_AT_NEW, ()),
        (sight("a"), sight("a", "a"), RowDifferenceKind.DUPLICATE, ()),
        (sight("a", "b"), sight("a"), RowDifferenceKind.DUPLICATE, ()),
        (sight("a"), sight("a", alone=True), RowDifferenceKind.NOT_ALONE, ()),
        (sight("a", alone=True), sight("b"), RowDifferenceKind.NOT_ALONE, ()),
    ],
)
def test_what_is_the_same_twice_is_a_difference(
    legacy: Sight, new: Sight, kind: RowDifferenceKind, columns: tuple[int, ...]
) -> None:
    """Of each kind; of a value also in which columns."""
    said = settled(KEY, RowPair(legacy.paired, new.paired), legacy, new)

    assert isinstance(said, RowDifference)
    assert (said.key, said.kind, said.columns) == (KEY, kind, columns)


@pytest.mark.parametrize(
    ("first", "legacy", "new"),
    [
        (RowPair(("a",), ("b",)), sight("a", fresh=True), sight("b")),
        (RowPair(("a",), ("b",)), sight("a"), sight("b", fresh=True)),
        (RowPair(("a",), ("b",)), sight("c"), sight("b")),
        (RowPair(("a",), ()), sight("a"), sight("b")),
    ],
)
def test_what_moves_is_no_difference(first: RowPair, legacy: Sight, new: Sight) -> None:
    """A row that was written lately, or is another one than at the first look."""
    assert settled(KEY, first, legacy, new) is Unsettled.MOVING


@pytest.mark.parametrize(
    ("legacy", "new"), [(sight("a"), sight("a")), (NOTHING, NOTHING), (NOTHING, sight("a", alone=True))]
)
def test_what_agrees_by_now_is_settled(legacy: Sight, new: Sight) -> None:
    """Equal rows, none at all, and one that may be there alone."""
    assert settled(KEY, RowPair(("x",), ("y",)), legacy, new) is None
