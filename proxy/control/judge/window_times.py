"""A route's windows on the clocks of their zones: which are on, and when the last one that stops everything ended.

Rule 1: windows that overlap or meet end together, with the last of them.
Rule 2: where clocks are put back, an hour comes twice, and a window that ends in it ends twice; where they are put
        forward, an end within the hour that is left out is taken for up to an hour later.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from proxy.core.judge.policy import Freeze, Stops, Window
from proxy.core.judge.windows import Closed, LocalTime, closed, local_time
from proxy.core.routing.route import Route
from proxy.zones import offset, zone

_DAYS = 9
"""Today and those before it on which a weekly window may have begun that ended last, one over midnight included."""


def closed_now(route: Route, now: float) -> tuple[Closed, ...]:
    """The windows that are on."""
    if not route.windows:
        return ()
    zones = {window.zone for window in route.windows if not isinstance(window, Freeze)}
    return closed(route.windows, now, {name: _local(name, now) for name in zones})


def is_shut(route: Route, now: float) -> bool:
    """Whether one is on that stops everything."""
    return any(each.stops is Stops.EVERYTHING for each in closed_now(route, now))


def opened_last(route: Route, now: float) -> float:
    """When the last window that stopped everything ended, unix seconds; 0: none did in the last week."""
    ends = (
        end
        for window in route.windows
        if window.stops is Stops.EVERYTHING
        for end in ((window.end,) if isinstance(window, Freeze) else _ends(window, now))
    )
    return max((end for end in ends if end <= now and not is_shut(route, end)), default=0.0)


def _ends(window: Window, now: float) -> Iterator[float]:
    """Its ends around the last days."""
    there = zone(window.zone)
    today = datetime.fromtimestamp(now, there).date()
    for day in (today - timedelta(days=each) for each in range(_DAYS)):
        if day.weekday() in window.days:
            minutes = window.end if window.start < window.end else window.end + 24 * 60
            end = datetime.combine(day, time()) + timedelta(minutes=minutes)
            yield from (end.replace(tzinfo=there, fold=fold).timestamp() for fold in (0, 1))


def _local(name: str, now: float) -> LocalTime:
    return local_time(now, offset(name, now))
