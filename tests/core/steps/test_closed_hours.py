"""When a side is closed, and until when."""

from __future__ import annotations

from math import inf

import pytest

from proxy.core.judge.policy import DAY, Freeze, Window
from proxy.core.outcome import Side
from proxy.core.routing.route import RateLimit
from proxy.core.steps.closed_hours import (
    FARTHEST,
    NEVER,
    ClosedHours,
    Closing,
    Hours,
    Offset,
    closing,
    end_of,
    hours_of,
)
from proxy.core.steps.step_policy import StepPolicy

MONDAY = 4 * DAY
"""The first Monday of unix time, at midnight."""
EVERY = frozenset(range(7))
HOUR = 3600.0
NIGHT = Window(name="night", days=EVERY, start=22 * 60, end=6 * 60, closes=True)


def still(east: float = 0.0) -> Offset:
    """A zone whose clocks are never put."""
    return lambda _zone, _at: east


def put(at: float, by: float) -> Offset:
    """A zone whose clocks are put by so much at that time."""
    return lambda _zone, now: by if now >= at else 0.0


def daily(start: int, end: int, name: str = "daily") -> Window:
    """From one minute of the day to another."""
    return Window(name=name, days=EVERY, start=start, end=end, closes=True)


def test_it_is_a_policy_of_a_step() -> None:
    """It reads no field, answers for one reason, and says what closes each side."""
    hours = ClosedHours(legacy=(NIGHT,))

    assert isinstance(hours, StepPolicy)
    assert (hours.key, hours.fields, hours.answers, hours.is_remembered) == (
        "windows.answer",
        frozenset(),
        ("closed",),
        True,
    )
    assert (hours.of(Side.LEGACY), hours.of(Side.NEW)) == ((NIGHT,), ())
    assert hours_of([RateLimit(requests=1, seconds=1.0), hours]) is hours
    assert hours_of([]) is NEVER


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (22 * HOUR - 1, None),
        (22 * HOUR, 30 * HOUR),
        (24 * HOUR + 0.25, 30 * HOUR),
        (30 * HOUR - 0.25, 30 * HOUR),
        (30 * HOUR, None),
    ],
    ids=["before", "at its start", "past midnight", "its last moment", "at its end"],
)
def test_a_window_over_midnight_ends_on_the_next_day(at: float, until: float | None) -> None:
    """Its start is part of it and its end is not."""
    found = closing((NIGHT,), MONDAY + at, still())

    assert found == (None if until is None else Closing("night", MONDAY + until))


@pytest.mark.parametrize(
    ("hours", "until"),
    [
        ((daily(60, 120, "a"), daily(90, 180, "b")), 3 * HOUR),
        ((daily(60, 120, "a"), daily(120, 150, "b")), 2.5 * HOUR),
        ((daily(60, 120, "a"), daily(121, 150, "b")), 2 * HOUR),
        ((daily(60, 120, "a"), Freeze(name="b", start=MONDAY, end=MONDAY + 9 * DAY)), 9 * DAY + 0.0),
    ],
    ids=["overlap", "meet", "a minute between", "within one of dates"],
)
def test_windows_without_a_gap_end_together(hours: Hours, until: float) -> None:
    """The end is that of the last of them."""
    found = closing(hours, MONDAY + 1.75 * HOUR, still())

    assert found is not None
    assert found.until == MONDAY + until


def test_all_windows_that_are_on_are_named() -> None:
    """Those of now, in the order of the file."""
    found = closing((daily(60, 120, "a"), daily(90, 180, "b"), daily(110, 120, "c")), MONDAY + 1.75 * HOUR, still())

    assert found is not None
    assert found.name == "a, b"


@pytest.mark.parametrize(
    ("hours", "names"),
    [
        ((daily(60, 120, "a"), daily(115, 180, "b"), daily(180, 200, "c"), daily(201, 210, "d")), "a, b, c"),
        ((daily(115, 180, "b"), daily(60, 120, "a")), "a, b"),
        ((daily(60, 120, "a"), daily(110, 180, "a")), "a"),
    ],
    ids=["one after the other", "in the order in which they come", "each name once"],
)
def test_the_window_whose_end_is_told_is_named(hours: Hours, names: str) -> None:
    """Also where it has not begun yet: who reads the end finds the window that it is of."""
    found = closing(hours, MONDAY + 1.75 * HOUR, still())

    assert found is not None
    assert found.name == names


def test_what_never_opens_is_looked_at_no_farther_than_a_week() -> None:
    """Windows that leave no gap come to an end all the same."""
    found = closing((daily(0, 720, "a"), daily(720, 0, "b")), MONDAY, still())

    assert found is not None
    assert MONDAY + FARTHEST <= found.until < MONDAY + FARTHEST + DAY


def test_a_whole_day_ends_where_it_began() -> None:
    """From noon to noon, on one day of the week."""
    sunday = Window(name="day", days=frozenset({6}), start=720, end=720)

    assert closing((sunday,), MONDAY - 12 * HOUR, still()) == Closing("day", MONDAY + 12 * HOUR)
    assert closing((sunday,), MONDAY + 12 * HOUR, still()) is None


def test_a_zone_has_its_own_midnight() -> None:
    """By how far it is east of UTC."""
    assert closing((NIGHT,), MONDAY + 21 * HOUR, still(2 * HOUR)) == Closing("night", MONDAY + 28 * HOUR)
    assert closing((NIGHT,), MONDAY + 19.5 * HOUR, still(2 * HOUR)) is None


@pytest.mark.parametrize(
    ("jump", "by", "until"),
    [
        (26.0, 1.0, 29.0),
        (26.0, -1.0, 31.0),
        (29.5, 1.0, 29.5),
        (30.0, 1.0, 30.0),
        (30.0, -1.0, 31.0),
        (22.5, -1.0, 22.5),
    ],
    ids=["forward", "back", "forward over its end", "forward at its end", "back at its end", "back before its start"],
)
def test_it_ends_where_the_clocks_say_so(jump: float, by: float, until: float) -> None:
    """Clocks that are put within it move its end; hours are those of UTC after Monday's midnight."""
    found = end_of(NIGHT, MONDAY + 22.25 * HOUR, put(MONDAY + jump * HOUR, by * HOUR))

    assert found == MONDAY + until * HOUR


def test_a_window_of_dates_needs_no_clock() -> None:
    """It ends when it was said to."""
    assert end_of(Freeze(name="a", start=0.0, end=7.0), 3.0, still(inf)) == 7.0
    assert closing((Freeze(name="a", start=0.0, end=7.0),), 7.0, still()) is None
