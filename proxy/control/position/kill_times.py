"""When the kill switch was on, as far as this process knows: no time at a step, as new answered nobody.

Rule 1: an order that was there before this process counts from when it says that it was given, if it says so.
Rule 2: of very many orders the oldest are forgotten, and all of those that ended before this process began; what is
        not known counts as time at the step.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from proxy.core.routing.kill_switch import KillSwitchOrder

_MOST = 64


class _Stretch(NamedTuple):
    """Unix seconds; `before` is the length of all stretches before this one."""

    begun: float
    ended: float
    before: float

    @property
    def sum(self) -> float:
        return self.before + self.ended - self.begun


@dataclass(slots=True)
class KillTimes:
    """Stretches, oldest first; the last one goes on while the switch is on."""

    _stretches: list[_Stretch] = field(default_factory=list)
    _is_on: bool = False

    def note(self, order: KillSwitchOrder | None, now: float) -> None:
        """What is ordered now; one that ended since the last time counts until now."""
        if self._is_on:
            self._stretches[-1] = self._stretches[-1]._replace(ended=now)
        elif order is not None:
            last = self._stretches[-1] if self._stretches else _Stretch(0.0, 0.0, 0.0)
            self._stretches.append(_Stretch(max(_given(order, now), last.ended), now, last.sum))
            del self._stretches[:-_MOST]
        self._is_on = order is not None

    def seconds_since(self, moment: float) -> float:
        """For how many seconds it was on since then."""
        at = bisect_right(self._stretches, moment, key=lambda each: each.ended)
        if at == len(self._stretches):
            return 0.0
        first = self._stretches[at]
        return self._stretches[-1].sum - first.before - max(moment - first.begun, 0.0)

    def seconds_beside(self, gaps: Iterable[tuple[float, float]], moment: float) -> float:
        """The same, without what lies in these gaps."""
        within = (
            self.seconds_since(max(begun, moment)) - self.seconds_since(max(ended, moment)) for begun, ended in gaps
        )
        return self.seconds_since(moment) - sum(within)


def _given(order: KillSwitchOrder, now: float) -> float:
    """By its own words, which anybody may have written, and never later than now."""
    with suppress(ValueError, OverflowError):
        return min(datetime.fromisoformat(order.at).timestamp(), now)
    return now
