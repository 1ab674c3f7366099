"""Counts and findings."""

from __future__ import annotations

import pytest

from proxy.core.noise.measure import GAPS, HOLDING, TRIALS, Measure, finding, gap_of, number_of


@pytest.mark.parametrize(
    ("seconds", "measure"),
    [(0.0, Measure.GAP_1), (1.0, Measure.GAP_1), (1.1, Measure.GAP_4), (15.0, Measure.GAP_15), (60.0, Measure.GAP_60)],
)
def test_gaps_have_classes(seconds: float, measure: Measure) -> None:
    """By their upper edges."""
    assert gap_of(seconds) is measure


@pytest.mark.parametrize("seconds", [-0.1, 60.1])
def test_answers_too_far_apart_show_nothing(seconds: float) -> None:
    """Nor do such that came in another order."""
    assert gap_of(seconds) is None


@pytest.mark.parametrize("number", [0.0, 1.25, -0.75])
def test_a_findings_number_survives_adding_up(number: float) -> None:
    """Two comparers that found the same: their mean."""
    one = finding("$.a", Measure.OFF, number)

    assert number_of(one.asked, one.raw_only, one.noise_only) == number
    assert number_of(2 * one.asked, 2 * one.raw_only, 2 * one.noise_only) == number


def test_trials_are_the_gaps_and_the_second_question() -> None:
    """None of them holds a key."""
    assert {*TRIALS} == {*GAPS.values(), Measure.SECOND}
    assert not HOLDING & {*TRIALS, Measure.CLOCK, Measure.STORED}
