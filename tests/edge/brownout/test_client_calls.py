"""What a worker remembers of the clients of a brown-out."""

from __future__ import annotations

import pytest

from proxy.core.brownout.brownout_policy import Browned
from proxy.core.brownout.call_counts import CallCounts, private_counts
from proxy.core.discovery.usage import OTHERS
from proxy.edge.brownout import client_calls
from proxy.edge.brownout.client_calls import BrownoutCalls
from proxy.edge.brownout_tally import BrownoutTally


def numbered(calls: BrownoutCalls, name: str) -> tuple[str, int]:
    return calls.number(name, calls.client(name), 0.0)


def test_a_call_follows_the_one_before_for_a_minute() -> None:
    """By what that one went without; the same again within seconds is a repeat."""
    calls = BrownoutCalls(BrownoutTally("a", "1"), private_counts())
    client = calls.client("shop")

    assert calls.begin(client, b"GET /a", 0.0) is None
    calls.end(client, Browned.BROWNED)
    again = calls.begin(client, b"GET /a", 9.0)
    assert again is not None
    assert (again.is_behind_lean, again.is_repeat) == (True, True)
    calls.end(client, Browned.UNFIT)
    other = calls.begin(client, b"GET /b", 69.0)
    assert other is not None
    assert (other.is_behind_lean, other.is_repeat) == (False, False)
    later = calls.begin(client, b"GET /b", 80.0)
    assert later is not None
    assert not later.is_repeat
    assert calls.begin(client, b"GET /b", 141.0) is None


def test_clients_that_are_too_many_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded, and none of them is met beyond the share."""
    monkeypatch.setattr(client_calls, "MOST", 2)
    calls = BrownoutCalls(BrownoutTally("a", "1"), private_counts())
    names = [calls.client(name).name for name in ("a", "b", "c", "d", "a")]
    assert names == ["a", "b", OTHERS, OTHERS, "a"]


def test_only_what_happened_is_told() -> None:
    """Once, as increments."""
    tally = BrownoutTally("a", "1")
    calls = BrownoutCalls(tally, private_counts())
    assert tally.take() is None
    client = calls.client("shop")
    calls.begin(client, b"GET /a", 0.0)
    calls.end(client, Browned.ABSENT)
    told = tally.take()
    assert told is not None
    assert (told.clients[0].asked, told.clients[0].drawn) == (1, {"absent": 1})
    assert tally.take() is None


def test_workers_number_the_calls_of_a_client_together() -> None:
    """Its first call is the first to any of them; another client, route or brown-out has numbers of its own."""
    counts = private_counts()
    one, other = (BrownoutCalls(BrownoutTally("a", "1"), counts) for _ in range(2))
    assert [numbered(calls, "shop") for calls in (one, other, one, other)] == [("shop", at) for at in range(4)]
    assert numbered(other, "app") == ("app", 0)
    for elsewhere in (BrownoutTally("b", "1"), BrownoutTally("a", "2")):
        assert numbered(BrownoutCalls(elsewhere, counts), "shop") == ("shop", 0)


def test_a_renamed_route_counts_on() -> None:
    """By its origin: who was met under the old name and tries again under the new one is served."""
    counts = private_counts()
    before, after = BrownoutCalls(BrownoutTally("a", "1"), counts), BrownoutCalls(BrownoutTally("b", "1"), counts, "a")
    assert [numbered(calls, "shop") for calls in (before, after)] == [("shop", 0), ("shop", 1)]


def test_a_client_without_a_name_in_a_worker_is_counted_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is one of too many there, and none in another worker, is served when it tries again, wherever it does."""
    monkeypatch.setattr(client_calls, "MOST", 2)
    counts = private_counts()
    one, other = (BrownoutCalls(BrownoutTally("a", "1"), counts) for _ in range(2))
    for name in ("a", "b", "d", "e"):
        numbered(one, name)
    assert [numbered(calls, "c") for calls in (other, one, other, one)] == [("c", at) for at in range(4)]
    assert (one.client("c").name, other.client("c").name) == (OTHERS, "c")


def test_clients_that_have_no_room_are_counted_as_one() -> None:
    """None of them is met beyond the share, nor does it drive out who has room."""
    calls = BrownoutCalls(BrownoutTally("a", "1"), CallCounts(memoryview(bytearray(64)).cast("Q")))
    names = [f"c{each}" for each in range(11)]
    assert [numbered(calls, name) for name in names] == [
        *((name, 0) for name in names[:8]),
        *((OTHERS, at) for at in range(3)),
    ]


def test_what_follows_is_told_of_each_client() -> None:
    """Of all together as well: who breaks behind a lean answer is known by name."""
    tally = BrownoutTally("a", "1")
    tally.followed("shop", is_behind_lean=True, is_error=False, is_repeat=True)
    tally.followed("shop", is_behind_lean=False, is_error=True, is_repeat=False)
    tally.followed("app", is_behind_lean=True, is_error=False, is_repeat=False)
    told = tally.take()

    assert told is not None
    assert {each.client: (each.without, each.whole) for each in told.clients} == {
        "shop": ((1, 0, 1), (1, 1, 0)),
        "app": ((1, 0, 0), (0, 0, 0)),
    }
    assert (told.without, told.whole) == ([2, 0, 1], [1, 1, 0])
    assert tally.take() is None
