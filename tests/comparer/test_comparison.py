from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from structlog.testing import capture_logs

from proxy.comparer import comparison
from proxy.comparer.comparison import PairComparer
from proxy.core.evidence.fold import REPEATED, Part
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.memory import Learned
from proxy.core.noise.noise_groups import group_id
from proxy.core.outcome import Side
from proxy.core.parity.pair import Pair
from proxy.core.parity.rules.rules import NoiseWord, Rules
from proxy.core.routing.shadow import ShadowPolicy
from proxy.link.pairs import decode_label, encode
from tests.control.tables import route, snapshot
from tests.e2e.pairs import pair


def made(*names: str) -> PairComparer:
    return PairComparer(snapshot(*(route(name) for name in names or ("a",))), b"k" * 32)


def weigh(on: PairComparer, *pairs: Pair) -> list[Part]:
    for each in pairs:
        on.take(encode(each)[4:])
    evidence = on.evidence()
    return [] if evidence is None else msgspec.msgpack.decode(evidence.parts, type=list[Part])


def outcomes(parts: list[Part]) -> list[tuple[str, str, int]]:
    return [(tally.outcome, tally.why, tally.count) for part in parts for tally in part.increments.tallies]


def test_a_request_is_evidence_three_times_a_day() -> None:
    """A client that polls adds comparisons, and no evidence; another cohort's same request is its own."""
    again = pair({"a": 1}, {"a": 1})
    parts = weigh(made(), *[again] * 5, replace(again, cohort=again.cohort + 1))

    assert outcomes(parts) == [("match", "", 4), ("match", REPEATED, 2)]


def test_a_request_is_evidence_anew_when_the_rules_of_its_route_were_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    """`accept` makes what was compared count no longer, so what was asked three times today must count again."""
    on, again = made("a", "b"), [pair({"a": 1}, {"a": 1}, route=name, at=1_000.0) for name in "ab"]
    weigh(on, *again * 3)
    monkeypatch.setattr("proxy.comparer.comparison.time.time", lambda: 1_010.0)
    edited = route("a", compare=Rules(secrets=frozenset({"plate"})))
    on.follow(snapshot(edited, route("b"), revision="r2"))

    parts = weigh(on, *(replace(each, at=1_021.0) for each in again))

    assert [part.route for part in parts if ("match", "", 1) in outcomes([part])] == ["a"]


def test_an_answer_without_a_version_is_of_the_version_before() -> None:
    """A timeout names no version; it begins no epoch."""
    parts = weigh(made(), pair(1, 1, new_version="7"), pair(1, 1, new_version=""), pair(1, 1, new_version="8"))

    assert [part.new_version for part in parts] == ["7", "8"]
    assert [sum(tally.count for tally in part.increments.tallies) for part in parts] == [2, 1]


def test_high_mismatches_are_bad_events_of_who_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard hears of a missing member and not of another number; what does not fit is counted."""
    monkeypatch.setattr(comparison, "MOST_BAD", 1)
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


def test_a_failure_of_legacy_alone_is_no_bad_event() -> None:
    """Neither the guard nor the detector hears of it, whoever answered; it is counted under a reason of its own."""
    on, good = made(), pair({"id": 1}, {"id": 1}, authoritative=Side.NEW)
    failed = replace(good, legacy=replace(good.legacy, status=503))
    gone = replace(good, legacy=replace(good.legacy, status=0, failure="timed_out"))
    for each in (failed, gone, replace(failed, authoritative=Side.LEGACY)):
        on.take(encode(each)[4:])
    evidence = on.evidence()

    assert evidence is not None
    assert (evidence.bad, evidence.bad_lost, evidence.compared) == ([], 0, [])
    parts = msgspec.msgpack.decode(evidence.parts, type=list[Part])
    assert {outcome[:2] for outcome in outcomes(parts)} == {("incomparable", "legacy_failed")}
    assert sum(outcome[2] for outcome in outcomes(parts)) == 3


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


def test_where_noise_is_not_to_be_learned_every_value_counts() -> None:
    """`second: 0%`: at once, whatever other routes know; an operator's word holds there as well."""
    words = (NoiseWord(path="$.at", noisy=True),)
    on = PairComparer(snapshot(route("a", shadow=ShadowPolicy(second=0.0), compare=Rules(words=words))), b"k" * 32)
    on.memories.hear({"a": Learned(states={"$.n": KeyState.NOISY})})
    parts = weigh(on, pair({"n": 1}, {"n": 2}), pair({"at": 1}, {"at": 2}))

    assert outcomes(parts) == [("mismatch", "", 1), ("ignored", "", 1)]


def test_a_comparison_that_breaks_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect is logged and counted as undecodable; the next pair is compared."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    on = made()
    with monkeypatch.context() as patch:
        patch.setattr(comparison, "compare", broken)
        on.take(encode(pair(1, 1))[4:])
    parts = weigh(on, pair(1, 1))

    assert outcomes(parts) == [("incomparable", "undecodable", 1), ("match", "", 1)]


def test_what_was_shed_counts_on_its_route() -> None:
    """It is incomparable, of the epoch that it would have been of."""
    on = made()
    on.shed(decode_label(encode(pair(1, 1))[4:]))

    assert outcomes(weigh(on)) == [("incomparable", "shed", 1)]


def test_what_a_bare_shadow_turns_away_is_told_once() -> None:
    """A 401 for want of credentials is counted under a reason of its own, and logged once a route with its cure."""
    on, answered = made(), pair({"user": "ann"}, {"user": "ann"})
    turned = replace(answered, new=replace(answered.new, status=401), bare=True)
    guest = replace(pair({"user": "ann"}, {}), bare=True)
    with capture_logs() as logged:
        parts = weigh(on, turned, turned, guest, guest, answered)
        on.follow(snapshot(route("a"), revision="r2"))
        weigh(on, turned)

    assert outcomes(parts)[0] == ("incomparable", "credentials", 2)
    assert [each["event"] for each in logged] == [
        *("credentials_not_sent", "differs_without_credentials", "credentials_not_sent")
    ]
    assert all("credentials: forward" in each["hint"] and each["route"] == "a" for each in logged)


def test_what_is_found_of_a_renamed_route_is_told_by_its_origin() -> None:
    """Counts, clusters and samples have the name that the route began with; bad events have the present one.

    A table that renames a route forgets neither its versions nor what was compared today.
    """
    on = PairComparer(snapshot(route("a")), b"k" * 32)
    again = pair({"id": 1}, {}, new_version="7")
    before = weigh(on, *[again] * 3)
    on.follow(snapshot(route("b", was="a")))
    later = replace(again, route="b", new_version="")
    on.take(encode(later)[4:])
    on.shed(decode_label(encode(later)[4:]))
    evidence = on.evidence()

    assert evidence is not None
    (part, shed) = msgspec.msgpack.decode(evidence.parts, type=list[Part])
    assert (part.route, part.new_version, shed.route) == ("a", "7", "a")
    assert outcomes([part]) == [("mismatch", REPEATED, 1)]
    assert part.increments.samples[0].cluster == before[0].increments.samples[0].cluster
    assert [event.route for event in evidence.bad] == ["b"]


def test_the_detector_hears_of_all_that_was_compared() -> None:
    """What nobody can decide yet is no mismatch; a request counts once a minute, and what could not be compared not."""
    on = made()
    first = pair({"id": "0f8fad5b-d9cb-469f-a165-70867728950e"}, {"id": "7c9e6679-7425-40de-944b-e07fc1f90ae7"})
    gone = replace(first, cohort=1, new=replace(first.new, failure="timed_out"))
    for each in (first, first, gone, pair({"n": 1}, {}), pair(1, 1)):
        on.take(encode(each)[4:])
    evidence = on.evidence()

    assert evidence is not None
    (told,) = evidence.compared
    assert (told.route, told.side, told.runs, told.rest) == ("a", "legacy", [(1, 1), (1, 0)], (0, 0))
    assert "undecided" in [
        outcome for outcome, _, _ in outcomes(msgspec.msgpack.decode(evidence.parts, type=list[Part]))
    ]
