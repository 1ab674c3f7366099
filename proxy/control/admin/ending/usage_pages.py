"""`GET /api/usage`: who called which route, and when.

Rule 1: what workers have counted by now is in the answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from proxy.api.ending.usage import CallerUsageView, RouteUsageView, UsageView, UsedDayView
from proxy.control.admin.http.responses import no_such_route, store_away, tagged
from proxy.control.traffic.usage_record import RouteUsage, UsageRecord
from proxy.core.discovery.usage import SECONDS_A_DAY, CallerUsage, UsageDay
from proxy.core.routing.snapshot import Snapshot
from proxy.store.errors import StoreRefused, StoreUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePages:
    """`running` is the present table; `refresh` asks workers for what they have counted."""

    usage: UsageRecord
    running: Callable[[], Snapshot]
    refresh: Callable[[], Awaitable[None]]

    async def page(self, request: web.Request) -> web.Response:
        """`GET /api/usage?route=`."""
        names, asked = [route.name for route in self.running().routes], request.query.get("route")
        if asked is not None and asked not in names:
            return no_such_route(asked, names)
        await self.refresh()
        try:
            found = await (self.usage.of_all() if asked is None else self.usage.of_route(asked))
        except (StoreUnavailable, StoreRefused, TimeoutError) as error:
            return store_away(str(error))
        return tagged(request, usage_view(found, names if asked is None else [asked]), self.running().revision)


def usage_view(found: RouteUsage, names: Iterable[str]) -> UsageView:
    """As JSON, for the routes of these names."""
    callers: dict[str, list[CallerUsage]] = {}
    for caller in found.callers:
        callers.setdefault(caller.route, []).append(caller)
    days: dict[str, list[UsageDay]] = {}
    for day in found.days:
        days.setdefault(day.caller, []).append(day)
    return UsageView(since=found.since, routes=[_route_view(name, callers.get(name, []), days) for name in names])


def _route_view(name: str, callers: list[CallerUsage], days: dict[str, list[UsageDay]]) -> RouteUsageView:
    return RouteUsageView(
        route=name,
        calls=sum(caller.calls for caller in callers),
        first=min((caller.first for caller in callers), default=None),
        last=max((caller.last for caller in callers), default=None),
        callers=[_caller_view(caller, days.get(caller.caller, [])) for caller in callers],
    )


def _caller_view(caller: CallerUsage, days: list[UsageDay]) -> CallerUsageView:
    return CallerUsageView(
        caller=caller.caller,
        calls=caller.calls,
        good=caller.good,
        first=caller.first,
        last=caller.last,
        days=caller.days,
        daily=[UsedDayView(day=_date(each.day), calls=each.calls, good=each.good) for each in days],
    )


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * SECONDS_A_DAY, UTC).date().isoformat()
