"""Days by year, month and day, and by their number since 1970-01-01, in the proleptic Gregorian calendar (ISO 8601).

By H. Hinnant's `days_from_civil` and `civil_from_days`: eras of 400 years, whose years begin in March.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_ERA_YEARS: Final = 400
_ERA_DAYS: Final = 146_097
_TO_1970: Final = 719_468
"""Days from 0000-03-01 to 1970-01-01."""
_LAST_YEAR: Final = 9999
_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class CalendarDay(NamedTuple):
    """A day of the years 1 to 9999."""

    year: int
    month: int
    day: int

    @property
    def is_real(self) -> bool:
        """Whether a calendar has it."""
        if not (1 <= self.year <= _LAST_YEAR and 1 <= self.month <= 12):
            return False
        is_leap = self.year % 4 == 0 and (self.year % 100 != 0 or self.year % _ERA_YEARS == 0)
        return 1 <= self.day <= _LENGTHS[self.month - 1] + (is_leap and self.month == 2)

    @property
    def number(self) -> int:
        """Days since 1970-01-01."""
        year = self.year - (self.month <= 2)
        era, year_of_era = divmod(year, _ERA_YEARS)
        day_of_year = (153 * ((self.month + 9) % 12) + 2) // 5 + self.day - 1
        return era * _ERA_DAYS + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - _TO_1970


def day_of(number: int) -> CalendarDay:
    """The day with this number; it may be beyond the years that are real."""
    era, day_of_era = divmod(number + _TO_1970, _ERA_DAYS)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march = (5 * day_of_year + 2) // 153
    month = march + 3 if march < 10 else march - 9
    return CalendarDay(year_of_era + era * _ERA_YEARS + (month <= 2), month, day_of_year - (153 * march + 2) // 5 + 1)
