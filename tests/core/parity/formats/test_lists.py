from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.parity.formats.lists import by_key, is_reordered, left_over, middles, moved, unlike

NUMBERS = st.lists(st.integers(0, 5), max_size=8)


def test_unlike_positions() -> None:
    """Where elements differ."""
    assert unlike([1, 2, 3], [1, 5, 3]) == [1]
    assert unlike([1, 2, 3], [3, 2, 1]) == [0, 2]
    assert unlike([1], [1, 2]) == []
    assert unlike([1, True], [True, 1]) == [0, 1]


@pytest.mark.parametrize(
    ("one", "other", "left"),
    [
        ([1, 3], [3, 1], ([], [])),
        ([1, True], [True, 1], ([], [])),
        ([1, 2, 1, 2], [2, 1, 2, 1], ([], [])),
        ([1, 2, 3, 4], [4, 1, 9, 3], ([2], [9])),
        ([1, 2, 3], [3, 1, 9], ([2], [9])),
        ([1, 2, 2], [2, 1, 1], None),
        ([1, 2, 3, 4], [2, 3, 4, 5], None),
        ([1, 2, 3, 4, 5], [2, 1, 7, 8, 9], None),
        ([1, 2], [3, 4], None),
    ],
    ids=[
        "the same",
        "other types",
        "repeated",
        "one is wrong",
        "at the end",
        "not told apart",
        "shifted",
        "mostly others",
        "others",
    ],
)
def test_what_changed_places(one: list[object], other: list[object], left: object) -> None:
    """All of it, or most of it, and what is left then; what is only shifted kept its order."""
    assert moved(one, other) == left


@pytest.mark.parametrize(
    ("other", "left"),
    [
        ([("b", 2, 9), ("a", 1, 9)], [("a", 1, 9), ("b", 2, 9)]),
        ([("a", 2, 9), ("b", 1, 9)], None),
        ([("b", 1, 9), ("a", 2, 9)], None),
        ([("b", 3, 9), ("c", 1, 9)], None),
        ([("b", 2, 9), ("b", 1, 9)], [("b", 1, 9), ("b", 2, 9)]),
    ],
    ids=["another order", "one member kept its place", "the other did", "others", "by the second member"],
)
def test_objects_are_paired_by_what_names_them(
    other: list[tuple[object, ...]], left: list[tuple[object, ...]] | None
) -> None:
    """By a member with another value in each; where one such kept its place those of the other are wrong."""
    one, others = (
        [dict(zip("xyz", each, strict=True)) for each in side] for side in ([("a", 1, 8), ("b", 2, 8)], other)
    )

    found = moved(one, others)

    assert (None if found is None else [tuple(each.values()) for each in found[1] if isinstance(each, dict)]) == left


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_middles_leave_out_what_both_begin_and_end_with(
    begin: list[object], one: list[object], other: list[object], end: list[object]
) -> None:
    """What is left is no longer than what differs, and both can be put together again from it."""
    first, second = middles(begin + one + end, begin + other + end)

    assert len(first) <= len(one)
    assert len(second) <= len(other)
    assert not (first and second) or first[0] != second[0]


@given(NUMBERS, NUMBERS)
def test_what_is_left_over_has_no_equal(one: list[int], other: list[int]) -> None:
    """A multiset difference, in both directions."""
    first, second = left_over(one, other)

    assert sorted(map(str, [*one, *second])) == sorted(map(str, [*other, *first]))
    assert not set(map(str, first)) & set(map(str, second))


def test_elements_by_key() -> None:
    """Each element needs a key of its own."""
    assert by_key([{"id": 1}, {"id": 2}], "id") == {b"1": {"id": 1}, b"2": {"id": 2}}
    assert by_key([{"id": 1}, {"id": 1}], "id") is None
    assert by_key([{"id": 1}, {}], "id") is None
    assert by_key([1], "id") is None


def test_order_of_what_both_have() -> None:
    """An element more changes no order."""
    assert not is_reordered({b"1": 0, b"2": 0}, {b"1": 0, b"3": 0, b"2": 0})
    assert is_reordered({b"1": 0, b"2": 0}, {b"2": 0, b"1": 0})
