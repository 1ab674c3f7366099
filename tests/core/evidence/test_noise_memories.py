"""The memories of all routes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from proxy.core.evidence import noise_memories as module
from proxy.core.evidence.noise_memories import IDLE
from proxy.core.evidence.records import epoch_mark
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.measure import Measure
from proxy.core.noise.memory import Learned
from tests.core.noise.pairs import Comparer, pair
from tests.core.parity.pairs import NOW, asking


def test_a_token_that_comes_back_holds_its_key_on_whatever_route() -> None:
    """The client took it from legacy's answer; a target that names nothing known holds nothing."""
    comparer = Comparer()
    comparer.see(pair({"next": "ab12cd34"}, {"next": "ef56ab78"}))
    for target in (b"/short", b"/items?after=gh90ij12", b"/items?after=ab12cd34"):
        comparer.see(replace(pair({}, {}, NOW + 1, asking(target)), route="other"))

    assert comparer.found() == {("$.next", "sent back")}


def test_a_memory_that_is_gone_holds_nothing() -> None:
    """Its tokens may be known a little longer."""
    comparer = Comparer()
    given = pair({"next": "ab12cd34"}, {"next": "ef56ab78"})
    comparer.see(given)
    memory = comparer.memory()
    comparer.memories.follow({})
    memory.hold("$.next", Measure.SENT_BACK)

    assert all(mark.measure is not Measure.SENT_BACK for mark in memory.take())
    assert (comparer.memories.room.size, comparer.memories.room.keys, comparer.memories.room.routes) == (0, 0, 0)


def test_another_version_is_another_memory() -> None:
    """What holds a key of one says nothing of the next."""
    comparer = Comparer()
    given = pair({"a": 1}, {"a": 2})
    comparer.see(given)

    assert comparer.memories.of(given) is comparer.memory()
    assert comparer.memories.of(replace(given, new_version="3")) is not comparer.memory()
    assert [versions.new for versions, _ in comparer.memories.take()] == ["2"]


def test_what_another_version_is_held_for_is_not_asked() -> None:
    """Nor whether its clock was right; legacy's own noise is."""
    comparer, given = Comparer(), pair({}, {})
    mark = epoch_mark(given.legacy_version, given.new_version, given.addresses, given.begun)
    states = {"$.at": KeyState.CLOCK, "$.off": KeyState.HELD, "$.id": KeyState.NOISY}
    known = Learned(states=states, lags={"$.at": 900.0}, epoch=mark, lasting={"$.id": KeyState.NOISY})
    before, after = comparer.memory(), comparer.memories.of(replace(given, new_version="3"))
    comparer.memories.hear({given.route: known})
    later = comparer.memories.of(replace(given, new_version="4"))

    assert {key: before.state(key) for key in states} == states
    for memory in (after, later):
        assert [key for key in states if memory.state(key) is not KeyState.WAITS] == ["$.id"]
    stamps = [f"2027-01-15T08:00:{second:02}.010Z" for second in range(10)]
    pairs = [pair({"at": one}, {"at": two}, NOW + at) for at, (one, two) in enumerate(pairwise(stamps))]
    assert [comparer.outcome(each) for each in pairs] == ["ignored"] * len(pairs)
    found = [comparer.outcome(replace(each, new_version="3")) for each in pairs]
    assert found == [*["undecided"] * 7, "mismatch", "mismatch"]


def test_routes_that_are_gone_are_forgotten_and_others_stay() -> None:
    """A table was taken."""
    comparer = Comparer()
    given = pair({"a": 1}, {"a": 2})
    comparer.see(given)
    comparer.see(replace(given, route="other"))
    comparer.memories.follow({"other": None})

    assert [versions.route for versions, _ in comparer.memories.take()] == ["other"]
    assert comparer.memories.room.keys == 1


def test_what_is_old_goes() -> None:
    """Answers after a minute, a memory after an hour without a pair; one that learned nothing takes no room."""
    comparer = Comparer()
    comparer.see(pair({"a": 1}, {"a": 2}))
    comparer.see(replace(pair({"a": 1}, {"a": 1}), route="other"))
    assert comparer.memories.room.size > 0
    comparer.memories.forget(NOW + 100)
    assert (comparer.memories.room.size, comparer.memories.room.keys) == (0, 1)
    comparer.memories.forget(NOW + IDLE + 1)

    assert comparer.memories.room.keys == 0


def test_memories_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes."""
    monkeypatch.setattr(module, "MOST", 2)
    comparer = Comparer()
    for version in "1234":
        comparer.see(replace(pair({"a": 1}, {"a": 2}), new_version=version))

    assert [versions.new for versions, _ in comparer.memories.take()] == ["3", "4"]
