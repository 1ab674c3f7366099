from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.comparer import request_outcomes as module
from proxy.comparer.comparison import PairComparer
from proxy.core.evidence.records import cluster_id
from proxy.core.parity.pair import CapturedAnswer, Pair
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.link.messages import OutcomeDelta
from proxy.link.pairs import encode
from tests.control.tables import route, snapshot
from tests.e2e.pairs import pair


def told(*pairs: Pair, was: str = "") -> list[OutcomeDelta]:
    comparer = PairComparer(snapshot(route("a", was=was)), b"k" * 32)
    for each in pairs:
        comparer.take(encode(each)[4:])
    evidence = comparer.evidence()
    assert evidence is not None
    assert comparer.evidence() is None
    return evidence.outcomes


def test_every_comparison_is_told_by_its_request() -> None:
    """Outcome, and where it differs the gravest difference with its cluster, of those that count or wait."""
    same = pair({"a": 1}, {"a": 1}, request_id="same")
    other = pair({"a": 1, "b": 2}, {"a": 3}, request_id="other")
    none = CapturedAnswer(status=0, fields=(), body=b"", size=0, seconds=9.0, failure="timed_out")
    late = replace(pair({"a": 1}, {}, request_id="late"), new=none)
    first, second, third = told(same, other, late)

    assert first == OutcomeDelta("same", "match")
    assert (second.request_id, second.outcome, second.path, second.kind) == ("other", "mismatch", "$.b", "missing")
    assert (second.severity, second.differences) == ("high", 2)
    assert second.cluster == cluster_id("a", "$.b", DifferenceKind.MISSING)
    assert (third.outcome, third.why, third.cluster) == ("incomparable", "timed_out", "")


def test_of_a_renamed_route_the_cluster_is_that_of_its_origin() -> None:
    """As clusters are kept, so that `mismatches` finds it under the new name."""
    (found,) = told(pair({"a": 1}, {}, request_id="r"), was="before")

    assert found.cluster == cluster_id("before", "$.a", DifferenceKind.MISSING)


def test_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message holds so many, whatever comes."""
    monkeypatch.setattr(module, "MOST", 2)
    found = told(*(pair(1, 1, request_id=f"r{number}") for number in range(5)))

    assert [each.request_id for each in found] == ["r3", "r4"]
