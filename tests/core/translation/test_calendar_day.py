"""Days of the calendar."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.translation.calendar_day import CalendarDay, day_of


@given(st.dates())
def test_a_day_has_the_number_that_python_gives_it(day: date) -> None:
    """And the number has that day."""
    found = CalendarDay(day.year, day.month, day.day)

    assert found.number == day.toordinal() - date(1970, 1, 1).toordinal()
    assert day_of(found.number) == found
    assert found.is_real


@pytest.mark.parametrize(
    "day",
    [(2026, 2, 29), (1900, 2, 29), (2026, 4, 31), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0), (0, 1, 1), (10_000, 1, 1)],
)
def test_what_no_calendar_has_is_not_real(day: tuple[int, int, int]) -> None:
    """Days, months and years; 2000-02-29 is."""
    assert not CalendarDay(*day).is_real
    assert CalendarDay(2000, 2, 29).is_real
