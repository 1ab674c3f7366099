"""How long a target may take, whole and step by step."""

from __future__ import annotations

import asyncio
from time import monotonic


class TargetTime:
    """Ends `length` seconds after it was made; a step has its own bound within that."""

    def __init__(self, length: float) -> None:
        """The time runs."""
        self._until = monotonic() + length

    def of(self, step: float) -> float:
        """Seconds that a step of at most so many may take; a little, even where no time is left."""
        return max(min(step, self._until - monotonic()), 0.01)

    def within(self, step: float) -> asyncio.Timeout:
        """A block that may take so long."""
        return asyncio.timeout(self.of(step))


def ms_since(began: float) -> float:
    """Milliseconds since that moment of the monotonic clock, to the microsecond."""
    return round((monotonic() - began) * 1000, 3)
