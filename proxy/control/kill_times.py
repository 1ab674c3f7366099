"""When the kill switch was on, as far as this process knows: no time at a step, as new answered nobody.

Rule 1: an order that was there before this process counts from when it says that it was given, if it says so.
Rule 2: of very many orders the oldest are forgotten, and all of those that ended before this process began; what is
        not known counts as time at the step.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from proxy.core.kill import Order

_MOST = 64


@dataclass(slots=True)
class KillTimes:
    """Stretches (unix seconds), oldest first; the last one goes on while the switch is on."""

    _stretches: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_MOST))
    _is_on: bool = False

    def note(self, order: Order | None, now: float) -> None:
        """What is ordered now; one that ended since the last time counts until now."""
        if self._is_on:
            begun, _ = self._stretches.pop()
            self._stretches.append((begun, now))
        elif order is not None:
            ended = self._stretches[-1][1] if self._stretches else 0.0
            self._stretches.append((max(_given(order, now), ended), now))
        self._is_on = order is not None

    def seconds_since(self, moment: float) -> float:
        """For how many seconds it was on since then."""
        found = 0.0
        for begun, ended in reversed(self._stretches):
            if ended <= moment:
                break
            found += ended - max(begun, moment)
        return found


def _given(order: Order, now: float) -> float:
    """By its own words, which anybody may have written, and never later than now."""
    with suppress(ValueError, OverflowError):
        return min(datetime.fromisoformat(order.at).timestamp(), now)
    return now
