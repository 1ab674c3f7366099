from __future__ import annotations

import pytest

from proxy.comparer import runs as module
from proxy.comparer.runs import Runs
from proxy.core.evidence.records import epoch_mark
from proxy.core.outcome import Side
from proxy.core.parity.pair import Label
from proxy.link.messages import ComparedDelta


def label(route: str = "a", *, step: int = 7, side: Side = Side.LEGACY, begun: int = 0) -> Label:
    return Label(route=route, at=1.0, authoritative=side, legacy_version="1", new_version="2", step=step, begun=begun)


def added(*outcomes: str, **more: object) -> list[ComparedDelta]:
    """`.` is clean, `x` differs; one word per route."""
    found = Runs()
    for name, word in zip("abcd", outcomes, strict=False):
        for each in word:
            found.add(label(name, **more), wrong=each == "x")  # type: ignore[arg-type]
    return found.take()


def test_the_order_of_comparisons_is_kept() -> None:
    """As clean ones with the mismatches that follow; the last may have none. What was taken is gone."""
    assert added("..xx.x..")[0].runs == [(2, 2), (1, 1), (2, 0)]
    assert added("x")[0].runs == [(0, 1)]
    assert Runs().take() == []


def test_route_epoch_step_and_side_are_kept_apart() -> None:
    """Each with the mark that an epoch has on every replica."""
    found = Runs()
    for pair in (label(), label("b"), label(step=8), label(side=Side.NEW), label(begun=1), label()):
        found.add(pair, wrong=False)
    told = found.take()

    assert [(each.route, each.step, each.side, each.runs) for each in told] == [
        ("a", 7, "legacy", [(2, 0)]),
        ("b", 7, "legacy", [(1, 0)]),
        ("a", 8, "legacy", [(1, 0)]),
        ("a", 7, "new", [(1, 0)]),
        ("a", 7, "legacy", [(1, 0)]),
    ]
    assert [told[number].epoch for number in (0, 4)] == [epoch_mark("1", "2", "", begun) for begun in (0, 1)]


def test_of_what_finds_no_room_the_order_is_lost_and_never_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further runs come as one sum; further routes are not watched until these were taken."""
    monkeypatch.setattr(module, "MOST_RUNS", 2)
    monkeypatch.setattr(module, "MOST_KEYS", 1)
    (told,) = added(".x.x.xx..", "x")

    assert (told.runs, told.rest) == ([(1, 1), (1, 1), (1, 0)], (2, 2))
