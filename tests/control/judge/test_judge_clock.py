from __future__ import annotations

import pytest

from proxy.control.judge.judge_clock import SteadyTime
from tests.control.stands import START, Clock


@pytest.mark.parametrize("jump", [3600.0, -3600.0], ids=["ahead", "back"])
def test_a_clock_that_is_set_by_an_hour_moves_the_judge_by_little(jump: float) -> None:
    """Ten minutes after the jump the judge's clock has gained or lost six seconds at most, and never run backwards."""
    wall, steady = Clock(), Clock(0.0)
    time = SteadyTime(wall, steady)
    wall.now += jump
    seen = []
    for _ in range(600):
        wall.now += 1.0
        steady.now += 1.0
        seen.append(time())

    assert seen == sorted(seen)
    assert abs(seen[-1] - (START + 600.0)) <= 6.0 + 1e-6


def test_a_small_difference_is_made_up() -> None:
    """A second of drift is gone after some minutes."""
    wall, steady = Clock(), Clock(0.0)
    time = SteadyTime(wall, steady)
    wall.now += 1.0
    for _ in range(300):
        wall.now += 1.0
        steady.now += 1.0
        time()

    assert time() == pytest.approx(wall.now)


def test_a_pause_counts_as_time() -> None:
    """A process that was stopped for a minute is a minute older."""
    wall, steady = Clock(), Clock(0.0)
    time = SteadyTime(wall, steady)
    wall.now += 60.0
    steady.now += 60.0

    assert time() == pytest.approx(START + 60.0)
