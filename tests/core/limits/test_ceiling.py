"""When a worker sheds for its memory, and when it stops."""

from __future__ import annotations

import pytest

from proxy.core.limits.ceiling import Level, next_level, share_of_group

CALM, SHEDDING, REFUSING = Level


@pytest.mark.parametrize(
    ("level", "percent", "then"),
    [
        (CALM, 84, CALM),
        (CALM, 85, SHEDDING),
        (CALM, 95, REFUSING),
        (SHEDDING, 80, SHEDDING),
        (SHEDDING, 79, CALM),
        (SHEDDING, 94, SHEDDING),
        (SHEDDING, 95, REFUSING),
        (REFUSING, 90, REFUSING),
        (REFUSING, 89, SHEDDING),
        (REFUSING, 80, SHEDDING),
        (REFUSING, 79, CALM),
    ],
)
def test_a_level_is_entered_high_and_left_low(level: Level, percent: int, then: Level) -> None:
    """85 and 95 % of the ceiling on the way up, 80 and 90 % on the way down."""
    assert next_level(level, percent, 100) is then


def test_without_a_ceiling_all_is_calm() -> None:
    """Nothing is shed where nobody said how much is too much."""
    assert next_level(REFUSING, 1 << 40, 0) is CALM


def test_the_workers_share_nine_tenths_of_their_group() -> None:
    """The rest is for control, the supervisor and the system."""
    assert share_of_group(1000, 3) == 300
    assert share_of_group(0, 3) == 0
