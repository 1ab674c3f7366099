from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.core.parity.formats.lists import by_key, is_reordered, left_over, middles, unlike

NUMBERS = st.lists(st.integers(0, 5), max_size=8)


def test_unlike_positions_and_mere_reordering() -> None:
    """Where elements differ; and whether they only changed places."""
    assert unlike([1, 2, 3], [1, 5, 3]) == ([1], False)
    assert unlike([1, 2, 3], [3, 2, 1]) == ([0, 2], True)
    assert unlike([1, 2, 2], [2, 1, 1]) == ([0, 1, 2], False)
    assert unlike([1], [1, 2]) == ([], False)
    assert unlike([1, True], [True, 1]) == ([0, 1], True)


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
