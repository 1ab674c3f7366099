from __future__ import annotations

from itertools import pairwise

import pytest

from proxy.core.position.ladder import COMPLETE, LEGACY, LIVE, RETIRED, SHADOW, Place, is_above, next_above, next_below
from proxy.core.stage import Stage

STEPS = (0.01, 0.25)
ONE, QUARTER = Place(Stage.CANARY, 0.01), Place(Stage.CANARY, 0.25)
LADDER = (LEGACY, SHADOW, ONE, QUARTER, LIVE, COMPLETE, RETIRED)


@pytest.mark.parametrize(("lower", "upper"), list(pairwise(LADDER)), ids=str)
def test_each_rung_leads_to_its_neighbours(lower: Place, upper: Place) -> None:
    """Up from a rung is the next one, and down from that leads back."""
    assert next_above(lower, STEPS) == upper
    assert next_below(upper, STEPS) == lower
    assert is_above(upper, lower)
    assert not is_above(lower, upper)


def test_the_ladder_ends_on_both_sides() -> None:
    """Nothing is above retired, nothing below legacy."""
    assert next_above(RETIRED, STEPS) is None
    assert next_below(LEGACY, STEPS) is None


def test_a_place_between_two_rungs_goes_to_the_rungs_around_it() -> None:
    """A split that is no step of the ramp has the steps around it as neighbours."""
    between = Place(Stage.CANARY, 0.1)

    assert next_above(between, STEPS) == QUARTER
    assert next_below(between, STEPS) == ONE


def test_a_split_counts_where_it_acts_only() -> None:
    """Two places of one stage without a split are equally high, whatever number stands beside them."""
    assert not is_above(Place(Stage.LIVE, 1.0), Place(Stage.LIVE, 0.0))
    assert is_above(Place(Stage.RETIRED, 0.5), Place(Stage.RETIRED, 0.1))


def test_places_read_as_people_write_them() -> None:
    """A split stands where it means something, as a share."""
    assert [str(each) for each in (SHADOW, ONE, Place(Stage.CANARY, 0.0025), RETIRED)] == [
        "shadow",
        "canary 1%",
        "canary 0.25%",
        "retired 100%",
    ]
