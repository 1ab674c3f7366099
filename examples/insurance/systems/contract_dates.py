"""When a contract ends, as its terms say it, whichever system keeps it."""

from __future__ import annotations

import calendar
from datetime import date


def end_of(start: date, months: int) -> date:
    """The same day of a later month, or its last one."""
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))
