"""Evidence for noise, and for more than noise."""

from __future__ import annotations

from math import exp
from random import Random

import pytest

from proxy.core.noise.measure import Measure
from proxy.core.noise.proof import NOISY, Trials, alarm, noise_evidence, sign_evidence

ONE = alarm(1)


@pytest.mark.parametrize(
    ("measure", "repeats"), [(Measure.SECOND, 2), (Measure.GAP_1, 3), (Measure.GAP_4, 4), (Measure.GAP_15, 6)]
)
def test_near_repeats_prove_noise_sooner(measure: Measure, repeats: int) -> None:
    """So many in a row prove it for one key, one fewer do not."""
    assert noise_evidence({measure: Trials(repeats, repeats)}) >= ONE
    assert noise_evidence({measure: Trials(repeats - 1, repeats - 1)}) < ONE


def test_a_state_that_moves_once_a_minute_is_not_noisy() -> None:
    """However often it is asked for, and however long: that is the null, and misses are no proof."""
    dice, chance = Random(1), 1 - exp(-1 / 60)
    hits = sum(dice.random() < chance for _ in range(20_000))

    assert noise_evidence({Measure.GAP_1: Trials(20_000, hits)}) < ONE
    assert noise_evidence({}) == pytest.approx(0.0)


def test_a_value_of_half_of_the_answers_is_found_by_near_repeats() -> None:
    """Distant ones, in which a state may have moved, do not hide it."""
    trials = {Measure.GAP_1: Trials(20, 10), Measure.GAP_60: Trials(200, 100)}

    assert noise_evidence(trials) >= ONE
    assert noise_evidence({Measure.GAP_60: trials[Measure.GAP_60]}) < 0


def test_what_was_asked_twice_is_noisy_above_half_a_per_cent() -> None:
    """Thirty per cent are proved, a fifth of the limit is not."""
    assert noise_evidence({Measure.SECOND: Trials(100, 30)}) >= alarm(50)
    assert noise_evidence({Measure.SECOND: Trials(5000, round(5000 * NOISY / 5))}) < 0


def test_more_keys_want_more_evidence() -> None:
    """The chance of an error is the route's."""
    assert alarm(100) > alarm(1) == alarm(0)


@pytest.mark.parametrize(("raw_only", "noise_only", "proved"), [(40, 10, True), (40, 38, False), (10, 40, False)])
def test_a_regression_is_new_differing_alone(raw_only: int, noise_only: int, *, proved: bool) -> None:
    """As often either way is noise, however much of it."""
    assert (sign_evidence(raw_only, noise_only) >= ONE) is proved
