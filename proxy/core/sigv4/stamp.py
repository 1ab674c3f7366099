"""The moment of a signature as AWS writes it: 20270131T235959Z."""

from __future__ import annotations

_DAYS_OF_400_YEARS = 146_097
_MARCH_OF_YEAR_0 = 719_468
"""Days from 1 March of the year 0 to 1 January 1970: years that begin in March have their leap day at the end."""


def stamp_of(second: int) -> str:
    """Of unix seconds, in UTC."""
    days, within = divmod(second, 86_400)
    era, of_era = divmod(days + _MARCH_OF_YEAR_0, _DAYS_OF_400_YEARS)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    year = era * 400 + year_of_era + month // 10
    hour, rest = divmod(within, 3600)
    return f"{year:04d}{(month + 2) % 12 + 1:02d}{day:02d}T{hour:02d}{rest // 60:02d}{rest % 60:02d}Z"
