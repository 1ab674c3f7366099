from __future__ import annotations

from dataclasses import replace

from proxy.comparer import counting as module
from proxy.comparer.counting import Counting
from tests.e2e.pairs import pair

ONE = replace(pair(1, 1), at=86_400.0)


def test_evidence_is_counted_by_the_day_and_the_detector_looks_once_a_minute() -> None:
    """A request that was clean three times this morning is looked at again: it may be wrong now."""
    counting = Counting()
    found = [counting.counts(replace(ONE, at=ONE.at + seconds)) for seconds in (0, 1, 60, 120, 3_600)]

    assert found == [(True, True), (True, False), (True, True), (False, True), (False, True)]


def test_a_step_and_an_epoch_begin_anew() -> None:
    """What was asked three times at shadow is evidence again at the next step, with another version, and on order."""
    counting = Counting()
    for _ in range(3):
        counting.counts(ONE)
    others = [{}, {"step": 7}, {"new_version": "2"}, {"addresses": "x"}, {}]

    assert [counting.counts(replace(ONE, **more))[0] for more in others] == [False, True, True, True, False]  # type: ignore[arg-type]
    assert counting.counts(replace(ONE, begun=1))[0]


def test_an_edit_of_the_rules_begins_anew() -> None:
    """What was found by other rules counts no longer: from the next full minute on each request is evidence again."""
    counting = Counting()
    for _ in range(3):
        counting.counts(ONE)
    counting.edited([ONE.route], ONE.at + 30)
    found = [counting.counts(replace(ONE, at=ONE.at + seconds))[0] for seconds in (59, 60, 61, 62, 63)]

    assert found == [False, True, True, True, False]


def test_what_is_remembered_is_bounded() -> None:
    """Of a route's steps and epochs the latest four; of each so many requests; nothing of routes that are gone."""
    counting = Counting()
    counting.follow({"a"}, 10**9)
    for step in range(6):
        counting.counts(replace(ONE, step=step))
    found = [counting.counts(replace(ONE, cohort=number, step=5))[0] for number in range(module._FEWEST + 2)]
    counting.follow({"b"}, 1)

    assert found.count(True) == module._FEWEST - 1
    assert [counting.counts(replace(ONE, step=5, at=each))[0] for each in (86_400.0, 86_401.0)] == [True, True]
