"""What one route's memory learns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.noise.clock import COARSE_PAIRS
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.memory import Learned, differing
from proxy.core.parity.rules.rules import NO_RULES, Rules, Treatment
from tests.core.noise.pairs import Comparer, pair
from tests.core.parity.pairs import NOW, answer, asking, in_fields, rule


def test_a_route_whose_sides_agree_remembers_nothing() -> None:
    """Nor one on which only a rule excuses something, or a member is missing."""
    comparer = Comparer()
    comparer.see(pair({"a": 1}, {"a": 1}))
    comparer.see(pair({"a": 1}, {}))

    assert comparer.told() == {}
    assert comparer.memories.room.size == 0


def test_a_request_that_comes_again_is_a_trial() -> None:
    """By how far apart; of each key which of the two differed: new from legacy, legacy from itself."""
    comparer = Comparer()
    for at, legacy, new in (
        (0.0, {"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 2}),
        (3.0, {"a": 3, "b": 1, "c": 4}, {"a": 5, "b": 6, "c": 4}),
    ):
        comparer.see(pair(legacy, new, NOW + at))

    told = comparer.told()
    assert told["", "compared"] == (2, 0, 0, 0)
    assert told["$.a", "differed"] == (0, 2, 0, 0)
    assert {name: told[name, "gap 4"] for name in ("", "$.a", "$.b", "$.c")} == {
        "": (1, 0, 0, 0),
        "$.a": (0, 0, 0, 1),
        "$.b": (0, 1, 0, 0),
        "$.c": (0, 0, 1, 0),
    }
    assert comparer.told() == {}


def test_a_second_question_is_a_trial_too() -> None:
    """With a class of its own; one that failed is none."""
    comparer = Comparer()
    asked = pair({"a": 1}, {"a": 2}, second={"a": 3})
    assert asked.second is not None
    comparer.see(asked)
    comparer.see(replace(asked, second=replace(asked.second, failure="timed_out"), at=NOW + 100))

    told = comparer.told()
    assert (told["", "second"], told["$.a", "second"]) == ((1, 0, 0, 0), (0, 0, 0, 1))


def test_once_everything_is_decided_few_repeats_are_looked_at() -> None:
    """One of sixteen."""
    comparer = Comparer()
    comparer.memories.hear({"orders.show": Learned(states={"$.a": KeyState.NOISY})})
    for number in range(33):
        comparer.see(pair({"a": 2 * number}, {"a": 7 * number + 1}, NOW + number))

    assert comparer.told()["", "gap 1"] == (2, 0, 0, 0)


@pytest.mark.parametrize(
    ("bodies", "found"),
    [
        ([("ab12cd34", f"new0000{number}") for number in range(3)], "repeated"),
        ([(f"old0000{number}", "ef56ab78") for number in range(4)], "stuck"),
        ([("ab12cd34", "ef56ab78"), *((f"old0000{number}",) * 2 for number in range(4))], "state"),
    ],
)
def test_repeats_hold_a_key(bodies: list[tuple[str, str]], found: str) -> None:
    """Legacy repeats it, new alone does, or new follows legacy."""
    comparer = Comparer()
    for number, (legacy, new) in enumerate(bodies):
        comparer.see(pair({"a": legacy}, {"a": new}, NOW + number))

    assert comparer.found() == {("$.a", found)}


def test_a_repeat_with_another_member_or_half_an_answer_shows_nothing_of_a_key() -> None:
    """A member that only one of legacy's answers has is counted by its path; a broken one is not compared."""
    comparer = Comparer()
    comparer.see(pair({"a": 1}, {"a": 2}))
    comparer.see(pair({"a": 1, "b": 1}, {"a": 2}, NOW + 2))
    broken = pair({}, {}, NOW + 4)
    bad = in_fields("Content-Type: application/json", "Content-Encoding: gzip")
    comparer.see(replace(broken, legacy=replace(broken.legacy, fields=bad), new=replace(broken.new, fields=bad)))

    told = comparer.told()
    assert (told["", "gap 4"], told["$.b", "gap 4"]) == ((1, 0, 0, 0), (0, 0, 0, 1))


def test_in_a_list_that_legacy_shuffles_a_value_is_not_called_repeated() -> None:
    """Where most of new's elements are others they stand beside whatever legacy has there: that shows nothing."""
    rows = [{"id": number, "name": f"salt {number}"} for number in range(8)]
    new = [{"id": number, "name": f"tea {number}"} for number in range(100, 108)]
    comparer = Comparer()
    for number in range(6):
        legacy = rows[number:] + rows[:number][::-1]
        comparer.see(pair({"items": legacy}, {"items": new}, NOW + number))

    told = comparer.told()
    assert {key for key, _ in told if "items" in key} > {"$.items"}
    assert not {key for key, measure in told if measure == "repeated"}
    assert not any(counts[1] for (key, measure), counts in told.items() if measure == "gap 1" and "[*]" in key)


def test_the_same_time_again_later_is_stored() -> None:
    """Legacy says it twice more."""
    comparer = Comparer()
    for number in range(3):
        new = f"2027-01-15T08:00:{number:02}.500Z"
        comparer.see(pair({"a": "2027-01-15T08:00:00.100Z"}, {"a": new}, NOW + 2 * number))

    assert ("$.a", "frozen") in comparer.found()


def test_whole_seconds_are_judged_by_the_answers_that_have_them() -> None:
    """Answers without the member say nothing; a field is taken to be in each."""
    comparer = Comparer()
    comparer.see(pair({"x": {"at": 1_800_000_000}}, {"x": {"at": 1_800_000_001}}))
    for number in range(COARSE_PAIRS):
        comparer.see(pair({"y": 1}, {"y": 1}, NOW + 1, asking(b"/%d" % number)))
    assert comparer.found() == set()
    for number in range(COARSE_PAIRS):
        comparer.see(pair({"x": {"at": number}}, {"x": {"at": number}}, NOW + 1, asking(b"/%d" % number)))

    assert comparer.found() == {("$.x.at", "clock")}


def test_a_field_of_whole_seconds_is_a_clock() -> None:
    """After sixteen answers."""
    comparer = Comparer()
    dates = [in_fields(f"X-Now: Fri, 15 Jan 2027 08:00:0{second} GMT") for second in (0, 1)]
    for number in range(COARSE_PAIRS):
        given = pair({}, {}, request=asking(b"/%d" % number))
        new = dates[not number]
        comparer.see(replace(given, legacy=replace(given.legacy, fields=dates[0]), new=replace(given.new, fields=new)))

    assert comparer.found() == {("header:X-Now", "clock")}


def test_what_other_replicas_know_of_a_clock_is_known_here() -> None:
    """How far from now it is as well."""
    comparer = Comparer()
    expiry = Learned(states={"$.a": KeyState.CLOCK}, lags={"$.a": 900.0})
    comparer.memories.hear({"orders.show": expiry})
    one, near, far = ({"a": f"2027-01-15T08:15:{second}Z"} for second in ("00.100", "00.200", "55.000"))

    assert comparer.outcome(pair(one, near)) == "ignored"
    assert comparer.outcome(pair(one, far)) == "mismatch"


def test_differing_leaves_out_what_a_rule_excuses() -> None:
    """And what has no key; what cannot be compared is None."""
    ignored = Rules(rules=(rule(Treatment.IGNORE, "$.a"),))
    one, other = answer({"a": 1, "b": 1, "c": ["x"]}), answer({"a": 2, "b": 2, "c": ["y"]})

    assert set(differing(asking(), one, other, ignored) or ()) == {"$.b"}
    assert differing(asking(), one, answer(failure="shed"), NO_RULES) is None
