"""What the clocks of a zone say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from proxy.zones import offset


@pytest.mark.parametrize(
    ("name", "at", "hours"),
    [
        ("UTC", "2026-07-01T00:00", 0.0),
        ("Asia/Tokyo", "2026-07-01T00:00", 9.0),
        ("Europe/Berlin", "2026-10-25T00:59", 2.0),
        ("Europe/Berlin", "2026-10-25T01:00", 1.0),
        ("America/St_Johns", "2026-01-01T00:00", -3.5),
    ],
)
def test_how_far_a_zone_is_east(name: str, at: str, hours: float) -> None:
    """In seconds, at that time: before and after its clocks are put."""
    assert offset(name, datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()) == hours * 3600.0
