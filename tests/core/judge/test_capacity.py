from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.judge.capacity import (
    AT_LEAST,
    AT_MOST,
    NOTHING_CARRIED,
    STRETCH,
    Capacity,
    CarriedLoad,
    most_carried,
    raised,
    sample_needed,
)
from proxy.core.judge.policy import Needs
from proxy.core.position.ladder import LIVE, SHADOW, Place
from proxy.core.stage import Stage
from tests.core.judge.cases import FIVE, NOW, ONE, QUARTER, RAMP, standing

AT_SHADOW = CarriedLoad(legacy=STRETCH, sent=STRETCH)


def stretch(capacity: Capacity, load: CarriedLoad) -> Capacity:
    """After a whole stretch of this load."""
    return capacity.add(load, NOW).add(CarriedLoad(), NOW + AT_LEAST)


@pytest.mark.parametrize(
    ("load", "carried"),
    [
        (CarriedLoad(), None),
        (CarriedLoad(legacy=100), 0.0),
        (CarriedLoad(legacy=100, sent=100), 1.0),
        (CarriedLoad(legacy=100, sent=10), 0.1),
        (CarriedLoad(new=5, legacy=95, sent=10), pytest.approx(0.145)),
        (CarriedLoad(new=50, legacy=50, sent=100), 1.0),
        (CarriedLoad(legacy=100, sent=50, refused=50), 0.5),
        (CarriedLoad(legacy=100, sent=40, unfit=60), 1.0),
        (CarriedLoad(new=50, legacy=50, sent=50, unfit=50), 1.0),
        (CarriedLoad(legacy=100, unfit=100), None),
        (CarriedLoad(new=5, legacy=95, unfit=100), None),
        (CarriedLoad(new=10, legacy=190, sent=1, unfit=19), pytest.approx(0.145)),
        (CarriedLoad(legacy=100, sent=130), 1.0),
    ],
)
def test_new_carries_its_answers_and_its_shadows(load: CarriedLoad, carried: float | None) -> None:
    """Of what can be shadowed: other requests are left out, whoever answered them; refused shadows are not."""
    assert load.carried == carried


def test_a_stretch_without_a_raised_sample_did_not_fall_short() -> None:
    """Not if it was so for a part of it; what was carried counts. One that is stopped leaves nothing."""
    half = CarriedLoad(legacy=STRETCH, sent=STRETCH // 2)
    in_part = NOTHING_CARRIED.add(half, NOW, is_raised=False).add(CarriedLoad(), NOW + AT_LEAST)
    after = in_part.add(half, NOW + AT_LEAST).add(CarriedLoad(), NOW + 2 * AT_LEAST)
    stopped = NOTHING_CARRIED.add(half, NOW, is_raised=False).stopped()

    assert (in_part.proved, in_part.short) == (0.5, 0)
    assert (after.proved, after.short) == (0.5, 1)
    assert (stopped.load, stretch(stopped, half).short) == (CarriedLoad(), 1)


def test_a_share_says_something_after_a_stretch() -> None:
    """Two hundred requests in ten seconds, or ten minutes with one; before, nothing is known; quiet time is none."""
    burst = NOTHING_CARRIED.add(AT_SHADOW, NOW)
    whole = burst.add(CarriedLoad(), NOW + AT_LEAST)
    few = NOTHING_CARRIED.add(CarriedLoad(legacy=1, sent=1), NOW).add(CarriedLoad(legacy=1, sent=1), NOW + AT_LEAST)
    slow = few.add(CarriedLoad(), NOW + AT_MOST)

    assert (burst.proved, whole.proved, few.proved, slow.proved) == (None, 1.0, None, 1.0)
    assert NOTHING_CARRIED.add(CarriedLoad(), NOW) == NOTHING_CARRIED
    assert NOTHING_CARRIED.add(CarriedLoad(legacy=1), NOW + 9 * AT_MOST).proved is None


def test_the_greatest_share_is_kept() -> None:
    """What was carried at shadow counts at canary, where a tenth is shadowed; a stretch of writes proves nothing."""
    shadowed = stretch(NOTHING_CARRIED, AT_SHADOW)
    later = stretch(shadowed.step(), CarriedLoad(new=10, legacy=190, sent=20))

    assert (shadowed.proved, later.proved) == (1.0, 1.0)
    assert stretch(NOTHING_CARRIED, CarriedLoad(legacy=STRETCH, unfit=STRETCH)).proved is None


def test_a_step_begins_its_own_stretches() -> None:
    """What was under way at the step before is no part of the first stretch of the next."""
    found = replace(NOTHING_CARRIED.add(CarriedLoad(legacy=150), NOW), short=4).step()

    assert (found.short, found.load, stretch(found, AT_SHADOW).short) == (0, CarriedLoad(), 1)


def test_another_epoch_begins_anew() -> None:
    """What an older version carried is forgotten; before the epoch is known nothing is."""
    proved = Capacity(proved=0.6)

    assert proved.at(0) == proved
    assert proved.at(3) == replace(proved, epoch=3)
    assert proved.at(3).at(0).at(3).proved == 0.6
    assert proved.at(3).at(4).proved is None


def test_the_sample_grows_until_it_is_enough() -> None:
    """At once what the next step needs and a little; more after each stretch in vain, never more than all."""
    assert sample_needed(0.05, 0.25, 0) == pytest.approx(0.2605, abs=1e-4)
    assert most_carried(0.05, sample_needed(0.05, 0.25, 0)) > 0.25
    assert sample_needed(0.05, 0.25, 3) == pytest.approx(0.4105, abs=1e-4)
    assert sample_needed(0.5, 0.98, 9) == 1.0
    assert sample_needed(1.0, 1.0, 0) == 0.05


def test_it_is_raised_while_a_step_waits_for_it() -> None:
    """At canary until the next step's share was carried; again after another epoch."""
    short = Capacity(proved=0.2, epoch=1)

    assert raised(RAMP, standing(FIVE), QUARTER, short, 1000) == sample_needed(0.05, 0.25, 0)
    assert raised(RAMP, standing(FIVE), QUARTER, replace(short, proved=0.25), 1000) == 0.0
    assert raised(RAMP, standing(FIVE), QUARTER, short.at(2), 1000) == sample_needed(0.05, 0.25, 0)


def test_missing_comparisons_raise_it_as_far_as_new_has_carried() -> None:
    """No further: more was never shown to be bearable. The last step and routes without the need for capacity, too."""
    half, plain = Capacity(proved=0.5), replace(RAMP, needs=Needs(capacity=False))

    assert most_carried(0.25, raised(RAMP, standing(QUARTER), LIVE, half, 999)) == pytest.approx(0.5)
    assert raised(plain, standing(QUARTER), LIVE, half, 999) == raised(RAMP, standing(QUARTER), LIVE, half, 999)
    assert raised(RAMP, standing(QUARTER), LIVE, NOTHING_CARRIED, 0) == 0.0
    assert raised(RAMP, standing(FIVE), QUARTER, Capacity(proved=0.1), 0) == sample_needed(0.05, 0.25, 0)
    assert raised(RAMP, standing(Place(Stage.CANARY, 1.0)), LIVE, half, 0) == 0.0


@pytest.mark.parametrize(
    ("ramp", "position", "to"),
    [
        (RAMP, standing(SHADOW), ONE),
        (RAMP, standing(QUARTER), LIVE),
        (RAMP, standing(FIVE, held=True), QUARTER),
        (RAMP, standing(FIVE, latched=True), QUARTER),
        (replace(RAMP, dry_run=True), standing(FIVE), QUARTER),
        (replace(RAMP, needs=Needs(capacity=False)), standing(FIVE), QUARTER),
        (replace(RAMP, needs=Needs(compared=0)), standing(FIVE), QUARTER),
        (RAMP, standing(Place(Stage.LIVE)), LIVE),
    ],
)
def test_where_nobody_waits_for_it_nothing_is_raised(ramp: object, position: object, to: Place) -> None:
    """At other stages, on hold, latched, on a dry run, and where no capacity is asked for."""
    assert raised(ramp, position, to, NOTHING_CARRIED, 1000) == 0.0  # type: ignore[arg-type]
