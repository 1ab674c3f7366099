"""Moments as AWS writes them."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from proxy.core.sigv4.stamp import stamp_of


def test_stamps_are_those_of_the_calendar() -> None:
    """Leap days, ends of years and of centuries, and 2,000 drawn moments."""
    dice = random.Random(7)
    special = [datetime(year, 2, 28, 23, 59, 59, tzinfo=UTC) for year in (1970, 1999, 2000, 2024, 2100)]
    special += [datetime(year, 3, 1, tzinfo=UTC) for year in (1972, 2000, 2028, 2100)]
    special += [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 13)]
    special += [datetime(2024, 2, 29, 12, tzinfo=UTC), datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC)]
    seconds = [int(each.timestamp()) for each in special] + [dice.randrange(2**32) for _ in range(2000)]
    for second in seconds:
        assert stamp_of(second) == datetime.fromtimestamp(second, UTC).strftime("%Y%m%dT%H%M%SZ")
