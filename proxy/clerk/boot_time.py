"""The clock by which it is seen whether this process stood still: it goes on while the machine sleeps."""

from __future__ import annotations

import time


def boot_time() -> float:
    """Seconds since the machine started, its sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
