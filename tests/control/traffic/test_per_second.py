from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.control.traffic.ledger import MINUTE, SecondsRing


def test_whole_seconds_are_read_oldest_first() -> None:
    """What was counted comes back by second; the second that still runs is left out."""
    ring = SecondsRing(10)
    for second, count in ((10, 1), (11, 2), (13, 4), (14, 8)):
        ring.add(second, count)

    assert ring.before(14, 4) == [1, 2, 0, 4]
    assert ring.total(14, 4) == 7
    assert ring.total(13, 2) == 2


def test_one_second_adds_up() -> None:
    """Several reports within a second are one number."""
    ring = SecondsRing(10)
    ring.add(10, 1)
    ring.add(10, 2)

    assert ring.before(11, 1) == [3]


@pytest.mark.parametrize("quiet", [1, 30, MINUTE, MINUTE + 1, 1000])
def test_what_is_older_than_a_minute_is_gone(quiet: int) -> None:
    """However long a quiet time was, a second's count is read for a minute and never comes back."""
    ring = SecondsRing(0)
    ring.add(5, 7)

    assert sum(ring.before(5 + quiet, MINUTE)) == (7 if quiet <= MINUTE else 0)

    ring.add(5 + quiet, 1)

    assert sum(ring.before(6 + quiet, MINUTE)) == 1 + (7 if quiet < MINUTE else 0)


def test_reading_far_ahead_finds_nothing() -> None:
    """A read long after the last count does not see old slots again."""
    ring = SecondsRing(0)
    for second in range(MINUTE + 1):
        ring.add(second, 9)

    assert ring.before(1000, MINUTE) == [0] * MINUTE


@given(
    steps=st.lists(st.tuples(st.integers(0, 70), st.integers(1, 9)), max_size=30),
    later=st.integers(0, 130),
    length=st.integers(1, MINUTE),
)
def test_a_ring_is_a_list_of_the_last_minute(steps: list[tuple[int, int]], later: int, length: int) -> None:
    """Whatever the pauses between counts, a ring says what a list of all of them would say of the last minute."""
    ring, everything, second = SecondsRing(0), [0] * 3000, 0
    for pause, count in steps:
        second += pause
        ring.add(second, count)
        everything[second] += count
    now = second + later
    expected = everything[now - length : now] if now >= length else [0] * (length - now) + everything[:now]

    assert ring.before(now, length) == expected
    assert ring.total(now, length) == sum(expected)
