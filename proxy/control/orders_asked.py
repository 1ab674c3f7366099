"""What operators ask of the admin port: promote, rollback, hold, resume, drain, pin, epoch, and the list of moves.

Rule 1: a move that is refused says why, in the sentence of the stage machine, and nothing has changed.
Rule 2: whoever looked first sends the tag of what was seen (`If-Match`), and is refused when it has changed since;
        whoever has no time need not look.
Rule 3: routes of one group are moved together: those of them that stand where the named one stands.
Rule 4: an answer says which replicas obey; a rollback is done when all that live do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

import msgspec
from aiohttp import web

from proxy.control.asking import as_json, no_such_route, read_body, store_away, tagged
from proxy.control.judging import Judge
from proxy.control.mover import PATIENCE, AwayError, Made, Mover
from proxy.control.problem import problem
from proxy.control.replica import Replica
from proxy.control.running import Running
from proxy.control.standing_views import TransitionsView, instance_views, moved_view, transition_view
from proxy.control.state import Positions
from proxy.control.wishes import wanted
from proxy.core.judge.moves import Refusal
from proxy.core.judge.position import Cause, Position, begun, transition
from proxy.core.orders import NEWCOMERS, Pin
from proxy.core.outcome import Side
from proxy.core.route import Route
from proxy.core.stage import Stage
from proxy.core.unavailable import StoreUnavailable

ACKNOWLEDGED_WITHIN = 2.0
"""Seconds that an answer waits for every live replica."""
_MOST_SHOWN = 1000
_LATE = "was moved by somebody else just now; look, then ask again"


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of each verb; may be empty. `step`: back by one rung instead of to where legacy answers everybody."""

    reason: str = ""
    by: str = ""
    off: bool = False
    step: bool = False


class AskedPin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `pin`: the cohort's key as clients send it, and the side; null ends it. `seconds` null: for ever."""

    cohort: str
    side: Side | None = None
    seconds: float | None = None
    reason: str = ""
    by: str = ""


async def _nobody_hears(_route: str, _begun: int, _why: str) -> None:
    pass


@dataclass(slots=True, kw_only=True)
class OrdersAsked:
    """The handlers. `epoch_begun` hears of a route's new epoch, which it is, by whom and why; it does not fail."""

    running: Running
    replica: Replica
    mover: Mover
    judge: Judge
    store: Positions
    epoch_begun: Callable[[str, int, str], Awaitable[None]] = _nobody_hears

    async def transitions(self, request: web.Request) -> web.Response:
        """`GET /api/transitions?route=`."""
        limit = request.query.get("limit", "100")
        if not limit.isdecimal() or not 0 < int(limit) <= _MOST_SHOWN:
            return problem(HTTPStatus.BAD_REQUEST, f"limit must be a number from 1 to {_MOST_SHOWN}, got {limit!r}")
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self.store.transitions(request.query.get("route"), int(limit))
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))
        view = TransitionsView(transitions=[transition_view(each) for each in found])
        return tagged(request, view, self.running.snapshot.revision)

    async def move(self, request: web.Request) -> web.Response:
        """`POST /api/routes/{name}/{verb}`."""
        route, asked = self._find(request), read_body(await request.read(), Asked)
        if route is None:
            return no_such_route(request.match_info["name"])
        if isinstance(asked, web.Response):
            return asked
        await self.mover.look()
        late = self._if_match(request, route)
        if late is not None:
            return late
        verb, by = request.path.rpartition("/")[2], asked.by or f"admin API, {request.remote or ''}"
        try:
            if verb == "drain":
                return await self._drain(route, asked, by)
            if verb == "epoch":
                return await self._epoch(route, asked, by)
            return await self._verb(route, verb, asked, by)
        except (AwayError, StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))

    async def pin(self, request: web.Request) -> web.Response:
        """`POST /api/routes/{name}/pin`: one cohort to one side, or no longer."""
        route, asked = self._find(request), read_body(await request.read(), AskedPin)
        if route is None:
            return no_such_route(request.match_info["name"])
        if isinstance(asked, web.Response):
            return asked
        if not asked.cohort or asked.cohort == NEWCOMERS:
            return problem(HTTPStatus.BAD_REQUEST, "cohort must be the key of one cohort, as clients send it")
        try:
            async with asyncio.timeout(PATIENCE):
                known = await self._pin(route, asked, asked.by or f"admin API, {request.remote or ''}")
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))
        if not known:
            return problem(HTTPStatus.CONFLICT, f"no cohort {asked.cohort!r} is pinned on {route.name}")
        return await self._answer(route, self.replica.position(route), made=Made.FOR_ALL)

    # -- what is done -------------------------------------------------------------------------------------------------

    async def _verb(self, route: Route, verb: str, asked: Asked, by: str) -> web.Response:
        before = self.replica.position(route)
        found = self._wanted(route, before, verb, asked)
        if isinstance(found, Refusal):
            return problem(HTTPStatus.CONFLICT, f"{route.name} is not moved: {found.sentence}")
        made = await self._make(before, found, asked.reason or f"{verb} was ordered", by)
        if made is Made.LOST:
            return problem(HTTPStatus.CONFLICT, f"{route.name} {_LATE}")
        for other in self._others(route, before):
            position = self.replica.position(other)
            theirs = self._wanted(other, position, verb, asked)
            if not isinstance(theirs, Refusal):
                reason = f"with {route.name} of its group: {asked.reason or f'{verb} was ordered'}"
                await self._make(position, theirs, reason, by)
        self.judge.wake()
        return await self._answer(route, before, made=made)

    def _wanted(self, route: Route, before: Position, verb: str, asked: Asked) -> Position | Refusal:
        upstreams = self.running.snapshot.upstreams
        return wanted(route, before, verb, self.replica.clock(), upstreams, step=asked.step)

    async def _make(self, before: Position, after: Position, reason: str, by: str) -> Made:
        record = transition(before, after, actor=by, numbers={}, reason=reason)
        return await self.mover.move(before, after, record)

    def _others(self, route: Route, before: Position) -> list[Route]:
        """Members of its group that stood where it stood."""
        return [
            each
            for each in self.running.snapshot.routes
            if route.group
            and (each.group == route.group and each.name != route.name and each.respond is None)
            and self.replica.position(each).place == before.place
        ]

    async def _epoch(self, route: Route, asked: Asked, by: str) -> web.Response:
        """Of this route alone: that others of its group were mended is for others to say."""
        before = self.replica.position(route)
        after, reason = begun(before), asked.reason or "a new epoch was ordered"
        record = transition(before, after, actor=by, numbers={}, reason=reason)
        record = replace(record, cause=Cause.OPERATOR, at=self.replica.clock())
        if await self.mover.move(before, after, record, needs_store=True) is Made.LOST:
            return problem(HTTPStatus.CONFLICT, f"{route.name} {_LATE}")
        await self.epoch_begun(route.name, after.begun, f"{by}: {reason}")
        return await self._answer(route, before, made=Made.FOR_ALL)

    async def _drain(self, route: Route, asked: Asked, by: str) -> web.Response:
        before, since = self.replica.position(route), self.replica.clock()
        if not asked.off and before.stage is not Stage.CANARY:
            sentence = f"a drain stops new cohorts of a split, and {route.name} is at {before.place}"
            return problem(HTTPStatus.CONFLICT, f"{sentence}; say rollback, or kill in an emergency")
        pin = Pin(route=route.name, cohort=NEWCOMERS, side=Side.LEGACY, by=by, since=since, reason=asked.reason)
        async with asyncio.timeout(PATIENCE):
            if not asked.off:
                await self.store.set_pin(pin)
            elif not await self.store.drop_pin(route.name, NEWCOMERS):
                return problem(HTTPStatus.CONFLICT, f"{route.name} does not drain")
        await self.mover.look()
        return await self._answer(route, before, made=Made.FOR_ALL)

    async def _pin(self, route: Route, asked: AskedPin, by: str) -> bool:
        now, known = self.replica.clock(), True
        if asked.side is None:
            known = await self.store.drop_pin(route.name, asked.cohort)
        else:
            until = None if asked.seconds is None else now + asked.seconds
            what = {"route": route.name, "cohort": asked.cohort, "by": by, "reason": asked.reason}
            await self.store.set_pin(Pin(**what, side=asked.side, since=now, until=until))
        await self.mover.look()
        return known

    # -- asking and answering -----------------------------------------------------------------------------------------

    def _find(self, request: web.Request) -> Route | None:
        name = request.match_info["name"]
        return next((each for each in self.running.snapshot.routes if each.name == name and each.respond is None), None)

    def _if_match(self, request: web.Request, route: Route) -> web.Response | None:
        """Only the part of a tag before the first dot counts: the version of what would be changed."""
        tag = tag_of(self.replica, route)
        if request.if_match is None or any(each.value.partition(".")[0] in {tag, "*"} for each in request.if_match):
            return None
        detail = f"{route.name} is not as it was when you looked: look again with GET /api/routes/{route.name}"
        return problem(HTTPStatus.PRECONDITION_FAILED, detail, {"ETag": f'"{tag}"'})

    async def _answer(self, route: Route, before: Position, *, made: Made) -> web.Response:
        """What stands now, and who obeys it."""
        await _until(self._is_obeyed, ACKNOWLEDGED_WITHIN)
        view = moved_view(
            route=route.name,
            before=before.place,
            position=self.replica.position(route),
            instances=instance_views(self.replica, self.judge, self.running.snapshot.revision),
            everywhere=made is Made.FOR_ALL,
        )
        return as_json(view, {"ETag": f'"{tag_of(self.replica, route)}"'})

    async def _is_obeyed(self) -> bool:
        self.judge.wake()
        shown = instance_views(self.replica, self.judge, self.running.snapshot.revision)
        return all(each.obeys for each in shown)


def tag_of(replica: Replica, route: Route) -> str:
    """The version of what an operator can change on a route; `v0` where the file alone rules."""
    known = replica.positions.get(route.name)
    pins = len(replica.pins(route.name))
    return f"v{0 if known is None else known.version}" + (f"p{pins}" if pins else "")


async def _until(holds: Callable[[], Awaitable[bool]], within: float) -> None:
    try:
        async with asyncio.timeout(within):
            while not await holds():  # noqa: ASYNC110 -- other replicas set no event here
                await asyncio.sleep(0.02)
    except TimeoutError:
        return
