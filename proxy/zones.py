"""Time zones: the one place that reads the system's, so that `core/` is told what clocks say."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """By its IANA name; ZoneInfoNotFoundError: this system does not know it."""
    return ZoneInfo(name)


def offset(name: str, at: float) -> float:
    """Seconds east of UTC of a zone at a time in unix seconds."""
    found = datetime.fromtimestamp(at, UTC).astimezone(zone(name)).utcoffset()
    return found.total_seconds() if found else 0.0
