"""How often each client of a brown-out has called, in memory that workers share."""

from __future__ import annotations

import os
from mmap import mmap

from hypothesis import given
from hypothesis import strategies as st

from proxy.core.brownout.call_counts import NO_ROOM, SIZE, WORDS, CallCounts, counted_as, private_counts
from proxy.core.brownout.calls_drawn import SPARSE, is_drawn

MINUTE = 60.0
DAY = 24 * 60 * MINUTE


def small(words: int = 8) -> CallCounts:
    return CallCounts(memoryview(bytearray(words * 8)).cast("Q"))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 10_000)), max_size=60))
def test_each_client_is_counted_by_itself(calls: list[tuple[int, int]]) -> None:
    """While there is room for all, whatever the clock says."""
    counts, seen = small(), [0] * 6
    for client, minute in calls:
        assert counts.add(counted_as("a", "1", str(client)), minute * MINUTE) == seen[client]
        seen[client] += 1


def test_the_one_that_called_longest_ago_gives_way() -> None:
    """A bucket has eight: a ninth client takes the place of who called last longest ago, however often it did."""
    counts = small()
    clients = [counted_as("a", "1", str(each)) for each in range(9)]
    for _ in range(100):
        counts.add(clients[0], 0.0)
    for minute, client in enumerate(clients[1:8], start=1):
        counts.add(client, minute * MINUTE)
    assert counts.add(clients[8], DAY) == 0
    assert [counts.add(client, DAY + MINUTE) for client in clients[1:]] == [1] * 8
    assert counts.add(clients[0], 2 * DAY + MINUTE) == 0


def test_nobody_gives_way_within_a_day() -> None:
    """Who tries again is not driven out by who came between: there is no room for that one, unless it drives out."""
    counts = small()
    clients = [counted_as("a", "1", str(each)) for each in range(9)]
    assert [counts.add(client, 0.0) for client in clients] == [0] * 8 + [NO_ROOM]
    assert [counts.add(client, DAY - MINUTE) for client in clients] == [1] * 8 + [NO_ROOM]
    assert [counts.add(clients[8], DAY, drives_out=True) for _ in range(2)] == [0, 1]


def test_a_count_at_its_end_goes_on_from_its_middle() -> None:
    """A client that has called seventeen million times has no first call again, nor one number for all of them."""
    words = memoryview(bytearray(8 * 8)).cast("Q")
    counts, client = CallCounts(words), counted_as("a", "1", "shop")
    counts.add(client, 0.0)
    at = next(index for index, word in enumerate(words) if word)
    words[at] |= (1 << 24) - 1
    numbers = [counts.add(client, 0.0) for _ in range(400)]
    assert numbers[:3] == [(1 << 24) - 1, 1 << 23, (1 << 23) + 1]
    for salt in range(20):
        assert 99 <= sum(is_drawn(salt, "shop", number, SPARSE) for number in numbers) <= 101


def test_names_with_any_bytes_count() -> None:
    """A name comes from a token, and may hold what UTF-8 has no letter for."""
    counts = private_counts()
    assert [counts.add(counted_as("a", "1", "\udcff"), 0.0) for _ in range(2)] == [0, 1]


def test_four_thousand_clients_have_room() -> None:
    """Four brown-outs of a thousand clients each: nobody gives way."""
    counts = private_counts()
    clients = [counted_as(f"route-{each % 4}", "1", str(each)) for each in range(4_000)]
    assert [counts.add(client, 0.0) for client in clients] == [0] * 4_000
    assert [counts.add(client, 0.0) for client in clients] == [1] * 4_000
    assert WORDS * 8 == SIZE


def test_processes_share_it() -> None:
    """A child that was forked counts on where its parent was."""
    counts, client = CallCounts(memoryview(mmap(-1, SIZE)).cast("Q")), counted_as("a", "1", "shop")
    assert counts.add(client, 0.0) == 0
    child = os.fork()
    if child == 0:
        os._exit(counts.add(client, 0.0))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert counts.add(client, 0.0) == 2
