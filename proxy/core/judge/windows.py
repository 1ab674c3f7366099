"""When the judge keeps still: windows that come again and freezes that come once.

Rule 1: a window belongs to the day on which it begins; its end is not part of it.
Rule 2: whoever knows the clocks says what weekday and minute it is in each zone; nothing is looked up here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from proxy.core.judge.policy import Freeze, Stops, Window


class LocalTime(NamedTuple):
    """The weekday (0 is Monday) and the minute of the day (0 to 1439) in one zone."""

    weekday: int
    minute: int


class Closed(NamedTuple):
    """A window that is on: its name and what it stops."""

    name: str
    stops: Stops


def closed(windows: Iterable[Window | Freeze], now: float, local: Mapping[str, LocalTime]) -> tuple[Closed, ...]:
    """The windows that are on. `now` in unix seconds; `local` has every zone that the windows name."""
    return tuple(Closed(window.name, window.stops) for window in windows if _is_on(window, now, local))


def _is_on(window: Window | Freeze, now: float, local: Mapping[str, LocalTime]) -> bool:
    if isinstance(window, Freeze):
        return window.start <= now < window.end
    return is_within(window, local[window.zone])


def is_within(window: Window, time: LocalTime) -> bool:
    """Whether a recurring window is on at this local time."""
    if window.start < window.end:
        return time.weekday in window.days and window.start <= time.minute < window.end
    began_today = time.weekday in window.days and time.minute >= window.start
    began_yesterday = (time.weekday - 1) % 7 in window.days and time.minute < window.end
    return began_today or began_yesterday


def local_time(now: float, offset: float) -> LocalTime:
    """The local time `offset` seconds east of UTC. Day 0 of unix time was a Thursday."""
    days, seconds = divmod(int(now + offset), 86_400)
    return LocalTime((days + 3) % 7, seconds // 60)
