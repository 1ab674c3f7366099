from __future__ import annotations

import pytest

from proxy.core.judge.policy import Freeze, Stops, Window
from proxy.core.judge.windows import Closed, LocalTime, closed, is_within, local_time

OFFICE = Window(name="office", days=frozenset({0, 1, 2, 3, 4}), start=8 * 60, end=18 * 60)
NIGHT = Window(name="night", days=frozenset({4}), start=22 * 60, end=6 * 60, zone="Europe/Berlin")
CHRISTMAS = Freeze(name="christmas", start=1000.0, end=2000.0)


@pytest.mark.parametrize(
    ("window", "weekday", "minute", "is_on"),
    [
        (OFFICE, 0, 479, False),
        (OFFICE, 0, 480, True),
        (OFFICE, 4, 1079, True),
        (OFFICE, 4, 1080, False),
        (OFFICE, 5, 600, False),
        (NIGHT, 4, 1319, False),
        (NIGHT, 4, 1320, True),
        (NIGHT, 5, 359, True),
        (NIGHT, 5, 360, False),
        (NIGHT, 4, 100, False),
        (NIGHT, 5, 1380, False),
    ],
)
def test_a_window_is_on_from_its_start_until_before_its_end(
    window: Window,
    weekday: int,
    minute: int,
    is_on: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """On the days it names; one that runs over midnight belongs to the day on which it began."""
    assert is_within(window, LocalTime(weekday, minute)) is is_on


def test_a_window_from_noon_to_noon_lasts_a_day() -> None:
    """Equal ends mean a whole day, beginning there."""
    day = Window(name="day", days=frozenset({6}), start=720, end=720)

    assert is_within(day, LocalTime(6, 720))
    assert is_within(day, LocalTime(0, 719))
    assert not is_within(day, LocalTime(0, 720))


def test_each_window_is_asked_in_its_own_zone() -> None:
    """The same moment is Friday night in Berlin and Friday afternoon elsewhere; freezes need no zone."""
    local = {"UTC": LocalTime(4, 1000), "Europe/Berlin": LocalTime(4, 1330)}

    found = closed([OFFICE, NIGHT, CHRISTMAS], 1999.0, local)

    assert found == (
        Closed("office", Stops.EVERYTHING),
        Closed("night", Stops.EVERYTHING),
        Closed("christmas", Stops.PROMOTION),
    )
    assert closed([CHRISTMAS], 2000.0, {}) == ()
    assert closed([CHRISTMAS], 999.0, {}) == ()


@pytest.mark.parametrize(
    ("now", "offset", "expected"),
    [
        (0.0, 0.0, LocalTime(3, 0)),
        (0.0, -3600.0, LocalTime(2, 1380)),
        (1_790_000_000.0, 7200.0, LocalTime(0, 16 * 60 + 13)),
    ],
)
def test_local_time_is_unix_time_with_an_offset(now: float, offset: float, expected: LocalTime) -> None:
    """Weekday and minute, from the first of January 1970, a Thursday."""
    assert local_time(now, offset) == expected
