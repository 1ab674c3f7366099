"""The judge's clock: unix seconds that nobody can set.

Rule 1: it runs as the machine's steady clock does, and follows the time of day at one second in a hundred: a clock that
        is set an hour ahead brings no step forward any sooner, and one that is set back keeps nothing from counting.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_SLEW = 0.01


class SteadyTime:
    """Call it for the time."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        """Begin with the time of day."""
        self._wall = wall
        self._steady = steady
        self._last = steady()
        self._now = wall()

    def __call__(self) -> float:
        """Unix seconds; never less than at the call before."""
        steady = self._steady()
        passed, self._last = max(steady - self._last, 0.0), steady
        self._now += passed
        most = passed * _SLEW
        self._now += min(max(self._wall() - self._now, -most), most)
        return self._now
