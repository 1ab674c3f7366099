from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from proxy.app import scales
from proxy.app.scales import Scales
from proxy.core.noise.groups import group_id
from proxy.core.noise.memory import Learned
from proxy.core.noise.state import KeyState
from proxy.core.outcome import Side
from proxy.core.parity.captured import Pair
from proxy.core.parity.fold import REPEATED, Part
from proxy.core.parity.rules import Rules
from proxy.pairs import decode_label, encode
from tests.control.tables import route, snapshot
from tests.e2e.pairs import pair


def made(*names: str) -> Scales:
    return Scales(snapshot(*(route(name) for name in names or ("a",))), b"k" * 32)


def weigh(on: Scales, *pairs: Pair) -> list[Part]:
    for each in pairs:
        on.take(encode(each)[4:])
    evidence = on.evidence()
    return [] if evidence is None else msgspec.msgpack.decode(evidence.parts, type=list[Part])


def outcomes(parts: list[Part]) -> list[tuple[str, str, int]]:
    return [(each.outcome, each.why, each.count) for part in parts for each in part.increments.tallies]


def test_a_request_is_evidence_three_times_a_day() -> None:
    """A client that polls adds comparisons, and no evidence; another cohort's same request is its own."""
    again = pair({"a": 1}, {"a": 1})
    parts = weigh(made(), *[again] * 5, replace(again, cohort=again.cohort + 1))

    assert outcomes(parts) == [("match", "", 4), ("match", REPEATED, 2)]


def test_an_answer_without_a_version_is_of_the_version_before() -> None:
    """A timeout names no version; it begins no epoch."""
    parts = weigh(made(), pair(1, 1, new_version="7"), pair(1, 1, new_version=""), pair(1, 1, new_version="8"))

    assert [each.new_version for each in parts] == ["7", "8"]
    assert [sum(tally.count for tally in each.increments.tallies) for each in parts] == [2, 1]


def test_high_mismatches_are_bad_events_of_who_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard hears of a missing member and not of another number; what does not fit is counted."""
    monkeypatch.setattr(scales, "MOST_BAD", 1)
    on = made()
    gone = pair({"id": 1}, {}, authoritative=Side.NEW, cohort=3 << 62)
    for each in (pair({"n": 1}, {"n": 2}), gone, gone):
        on.take(encode(each)[4:])
    evidence = on.evidence()

    assert evidence is not None
    (bad,) = evidence.bad
    assert (bad.route, bad.bad, bad.side, bad.draw) == ("a", "mismatch", "new", 0.75)
    assert evidence.bad_lost == 1
    assert on.evidence() is None


def test_rules_noise_and_secrets_are_those_of_the_table() -> None:
    """A table that is taken brings rules and secrets; a noisy path is excused."""
    on = made()
    on.memories.hear({"a": Learned(states={"$.seed": KeyState.NOISY})})
    on.follow(snapshot(route("a", compare=Rules(secrets=frozenset({"plate"}))), revision="r2"))
    parts = weigh(
        on, pair({"seed": "aa1"}, {"seed": "bb2"}), pair({"plate": "HH-1", "n": 1}, {"plate": "HH-1", "n": 2})
    )

    assert on.revision == "r2"
    assert outcomes(parts) == [("ignored", "", 1), ("undecided", group_id(["$.n"]), 1)]
    assert "HH-1" not in repr(parts)


def test_a_comparison_that_breaks_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is logged and counted as undecodable; the next pair is compared."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    on = made()
    with monkeypatch.context() as patch:
        patch.setattr(scales, "compare", broken)
        on.take(encode(pair(1, 1))[4:])
    parts = weigh(on, pair(1, 1))

    assert outcomes(parts) == [("incomparable", "undecodable", 1), ("match", "", 1)]


def test_what_was_shed_counts_on_its_route() -> None:
    """It is incomparable, of the epoch that it would have been of."""
    on = made()
    on.shed(decode_label(encode(pair(1, 1))[4:]))

    assert outcomes(weigh(on)) == [("incomparable", "shed", 1)]
