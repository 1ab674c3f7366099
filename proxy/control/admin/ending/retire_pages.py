"""`/api/routes/{name}/retirement` and `/retire`: the list, and the order that retires a route once it is met.

Rule 1: the order looks at the list itself, at what is known by then: nobody retires by what was seen before.
Rule 2: it moves this route alone, in the store or not at all; `resume` takes it back to where the file stands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from proxy.api.ending.brownout import RetireBody, RetireCallerView, RetirementView, RetireNeedView
from proxy.api.standing import PlaceView
from proxy.control.admin.ending.brownout_views import brownout_view, deprecation_view, moment
from proxy.control.admin.http.responses import problem, read_body, store_away, tagged
from proxy.control.admin.orders.moves import RouteMoves
from proxy.control.brownout.brownouts import Brownouts
from proxy.control.brownout.retiring import retire_case
from proxy.control.journal.authority_moves import UndoneWritesError
from proxy.control.position.mover import AwayError
from proxy.control.traffic.usage_record import UsageRecord
from proxy.core.brownout.retirement import DAY, MAY_BE_SKIPPED, RetireCase, RetireItem, checklist, days, is_met
from proxy.core.position.ladder import RETIRED
from proxy.core.routing.route import Route
from proxy.store.errors import StoreRefused, StoreUnavailable

SHORTEST, LONGEST = 1.0, 366 * DAY
"""Seconds; a day is what the record is kept by, and less is good for trying out."""
USUAL = 30 * DAY
_OPEN = "; "


@dataclass(frozen=True, slots=True, kw_only=True)
class RetirePages:
    """`moves` gives the order; `usage` says who called, `brownouts` whom they met, and `refresh` asks workers for what
    they have counted.
    """

    moves: RouteMoves
    refresh: Callable[[], Awaitable[None]]
    usage: UsageRecord
    brownouts: Brownouts

    async def page(self, request: web.Request) -> web.Response:
        """`GET /api/routes/{name}/retirement?seconds=&skip=`."""
        route = self.moves.find(request)
        if route is None:
            return self.moves.no_such_route(request)
        seconds, skip = request.query.get("seconds", str(USUAL)), request.query.getall("skip", [])
        known = {item.value: item for item in RetireItem}
        if not seconds.replace(".", "", 1).isdecimal():
            return problem(HTTPStatus.BAD_REQUEST, "seconds is a number")
        if not set(skip) <= known.keys():
            may = ", ".join(item.value for item in RetireItem if item in MAY_BE_SKIPPED)
            return problem(HTTPStatus.BAD_REQUEST, f"skip is one of {may}, and stands again for another")
        found = await self._case(route, float(seconds), frozenset(known[each] for each in skip))
        if isinstance(found, web.Response):
            return found
        return tagged(request, self._view(route, found), self.moves.running.snapshot.revision)

    async def order(self, request: web.Request) -> web.Response:
        """`POST /api/routes/{name}/retire`."""
        route, asked = self.moves.find(request), read_body(await request.read(), RetireBody)
        if route is None:
            return self.moves.no_such_route(request)
        if isinstance(asked, web.Response):
            return asked
        await self.moves.mover.look()
        if (late := self.moves.late(request, route)) is not None:
            return late
        found = await self._case(route, asked.seconds, frozenset(asked.skip))
        if isinstance(found, web.Response):
            return found
        needs = checklist(found)
        if not is_met(needs):
            open_ = _OPEN.join(need.sentence for need in needs if need.state.value == "open")
            return problem(HTTPStatus.CONFLICT, f"{route.name} is not retired: {open_}")
        by = asked.by or f"admin API, {request.remote or ''}"
        said = _OPEN.join(f"{need.item.value} {need.state.value}: {need.sentence}" for need in needs)
        reason = _OPEN.join(filter(None, (asked.reason, said)))
        try:
            return await self.moves.go_to(route, RETIRED, by, reason)
        except UndoneWritesError as error:
            return problem(HTTPStatus.CONFLICT, f"{route.name} is not retired: {error}")
        except (AwayError, StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))

    async def _case(self, route: Route, period: float, skipped: frozenset[RetireItem]) -> RetireCase | web.Response:
        if not SHORTEST <= period <= LONGEST:
            said = f"the period must be from {SHORTEST:g} s to {days(LONGEST)}"
            return problem(HTTPStatus.BAD_REQUEST, f"{said}: the record is kept for a year")
        if not skipped <= MAY_BE_SKIPPED:
            may = ", ".join(sorted(item.value for item in MAY_BE_SKIPPED))
            return problem(HTTPStatus.BAD_REQUEST, f"only {may} may be skipped: that somebody calls is what it is for")
        await self.refresh()
        try:
            usage = await self.usage.of_route(route.name)
        except (StoreUnavailable, StoreRefused, TimeoutError) as error:
            return store_away(str(error))
        state, now = self.brownouts.of(route), self.moves.here.clock()
        return retire_case(route, usage, state, now=now, period=period, skipped=skipped)

    def _view(self, route: Route, case: RetireCase) -> RetirementView:
        needs, place = checklist(case), self.moves.here.placed(route).place
        met = {} if case.brownout is None else case.brownout.found
        recent = {caller.caller for caller in case.recent}
        return RetirementView(
            route=route.name,
            runs=PlaceView(stage=place.stage, split=place.split),
            seconds=case.period,
            may=is_met(needs),
            needs=[RetireNeedView(item=need.item, state=need.state, sentence=need.sentence) for need in needs],
            callers=[
                RetireCallerView(
                    caller=each.caller,
                    calls=each.calls,
                    days=each.days,
                    last=moment(each.last),
                    recent=each.caller in recent,
                    met=moment(met.get(each.caller)),
                )
                for each in sorted(case.callers, key=lambda each: -each.last)
            ],
            brownout=brownout_view(self.brownouts.of(route)),
            deprecated=deprecation_view(route),
        )
