"""What operators ask of the admin port: promote, rollback, hold, resume, drain, pin, epoch, and the list of moves.

Rule 1: a move that is refused says why, in the sentence of the stage machine, and nothing has changed.
Rule 2: whoever looked first sends the tag of what was seen (`If-Match`), and is refused when it has changed since;
        whoever has no time need not look.
Rule 3: routes of one group are moved together (`group_orders.py`); who is not moved with the others is named.
Rule 4: an answer is about the position that the order has made, whatever stands by the time it is read, and says which
        replicas obey; a rollback is done when all that live do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import assert_never

import msgspec
from aiohttp import web

from proxy.api.orders import LatestMoveView, OrderBody, PinBody
from proxy.api.standing import TransitionsView
from proxy.control.admin.http.responses import (
    as_json,
    is_before,
    is_seen,
    no_such_route,
    problem,
    read_body,
    store_away,
    tag_of,
    tagged,
)
from proxy.control.admin.orders.acknowledged import acknowledged
from proxy.control.admin.orders.standing import moved_view, transition_view
from proxy.control.journal.authority_moves import UndoneWritesError
from proxy.control.judge.judging import Judge
from proxy.control.position.group_orders import Given, GroupOrders, OperatorOrder, TooLate
from proxy.control.position.latest_moves import latest_move, move_sentence
from proxy.control.position.mover import PATIENCE, AwayError, Made, Mover
from proxy.control.position.order_notes import (
    EPOCH_BEGINS,
    Around,
    drain_of,
    hold_notes,
    moment,
    order_notes,
    pin_sentence,
    promotion_notes,
    resume_notes,
)
from proxy.control.position.pin_keys import key_of, no_source, stands_in
from proxy.control.position.record_writer import RecordWriter
from proxy.control.position.standing_here import StandingHere
from proxy.control.running import Running
from proxy.core.judge.stage_machine import MoveRefusal
from proxy.core.outcome import Side
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, Position, begun, move, moved
from proxy.core.position.record import BEGUN, OrderKind, OrderRecord, stood_reason, unpin_record
from proxy.core.position.standing import NEWCOMERS, Pin, ended_by
from proxy.core.routing.route import Route
from proxy.store.errors import StoreUnavailable
from proxy.store.positions import PositionStore

SHORTEST_PIN, LONGEST_PIN = 1.0, 366 * 86_400.0
"""Seconds: one for less may be over before anybody obeys it, one for longer is one for ever."""
_MOST_SHOWN = 1000
_OF_ONE = frozenset({"drain", "epoch"})
_TRIES = 10
"""How often a pin that was to be set on what was seen is tried, where other routes keep changing."""


async def _nobody_hears(_route: str, _begun: int, _why: str) -> None:
    pass


@dataclass(slots=True, kw_only=True)
class RouteMoves:
    """The handlers. `epoch_begun` hears of a route's new epoch, which it is, by whom and why; it does not fail.

    `records` keeps orders that changed nothing, as they stood already: who gave them, and why.
    """

    running: Running
    here: StandingHere
    mover: Mover
    judge: Judge
    store: PositionStore
    epoch_begun: Callable[[str, int, str], Awaitable[None]] = _nobody_hears
    around: Around = field(default_factory=Around)
    records: RecordWriter | None = None
    _orders: GroupOrders = field(init=False)

    def __post_init__(self) -> None:
        """Orders are given through the same mover."""
        self._orders = GroupOrders(running=self.running, here=self.here, mover=self.mover)

    async def transitions(self, request: web.Request) -> web.Response:
        """`GET /api/transitions?route=`: of one that is gone or was renamed as well, while its moves are kept."""
        route, limit = request.query.get("route") or None, request.query.get("limit", "100")
        if not limit.isdecimal() or not 0 < int(limit[:9]) <= _MOST_SHOWN:
            return problem(HTTPStatus.BAD_REQUEST, f"limit must be a number from 1 to {_MOST_SHOWN}, got {limit[:9]!r}")
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self.store.transitions(route, int(limit))
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))
        known = [each.name for each in self.running.snapshot.routes]
        if route is not None and not found and route not in known:
            return no_such_route(route, known)
        view = TransitionsView(transitions=[transition_view(each) for each in found])
        return tagged(request, view, self.running.snapshot.revision)

    async def move(self, request: web.Request) -> web.Response:
        """`POST /api/routes/{name}/{verb}`."""
        route, asked = self.find(request), read_body(await request.read(), OrderBody)
        if route is None:
            return self.no_such_route(request)
        if isinstance(asked, web.Response):
            return asked
        if not asked.preview:  # which must not wait for a store that is away
            await self.mover.look()
        late = self.late(request, route)
        if late is not None:
            return late
        verb, by = request.path.rpartition("/")[2], asked.by or f"admin API, {request.remote or ''}"
        if (asked.preview or asked.alone) and verb in _OF_ONE:
            return problem(HTTPStatus.BAD_REQUEST, f"{verb} is about this route alone: leave out `alone` and `preview`")
        try:
            if verb == "drain":
                return await self._drain(request, route, asked, by)
            if verb == "epoch":
                return await self._epoch(request, route, asked, by)
            order = OperatorOrder(verb=verb, reason=asked.reason, by=by, step=asked.step, alone=asked.alone)
            return self._preview(route, order) if asked.preview else await self._verb(request, route, order)
        except UndoneWritesError as error:
            return problem(HTTPStatus.CONFLICT, f"{route.name} is not moved: {error}")
        except (AwayError, StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))

    async def pin(self, request: web.Request) -> web.Response:
        """`POST /api/routes/{name}/pin`: one cohort to one side, or no longer."""
        route, asked = self.find(request), read_body(await request.read(), PinBody)
        if route is None:
            return self.no_such_route(request)
        if isinstance(asked, web.Response):
            return asked
        if not asked.cohort or asked.cohort == NEWCOMERS or ended_by(asked.cohort):
            return problem(HTTPStatus.BAD_REQUEST, "cohort must be the key of one cohort, as clients send it")
        if asked.seconds is not None and not SHORTEST_PIN <= asked.seconds <= LONGEST_PIN:
            return problem(HTTPStatus.BAD_REQUEST, _no_time(asked.seconds))
        if asked.side is not None and (fault := no_source(route, asked.cohort)):
            return problem(HTTPStatus.BAD_REQUEST, fault)
        cohort = self._key(route, asked.cohort)
        by, now = asked.by or f"admin API, {request.remote or ''}", self.here.clock()
        until = None if asked.seconds is None else now + asked.seconds
        pin = None
        if asked.side is not None:
            what = {"route": route.name, "cohort": cohort, "by": by, "reason": asked.reason}
            pin = Pin(**what, side=asked.side, since=now, until=until)
        ends = unpin_record(route.name, cohort, actor=by, at=now, reason=asked.reason)
        try:
            return await self._pinned(request, route, cohort, pin or ends)
        except UndoneWritesError as error:
            return problem(HTTPStatus.CONFLICT, f"{cohort!r} is not moved: {error}")
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))

    # -- what is done -------------------------------------------------------------------------------------------------

    async def _verb(self, request: web.Request, route: Route, order: OperatorOrder) -> web.Response:
        seen = None if request.if_match is None else lambda: self.late(request, route) is None
        rulings = self.judge.judging.rulings
        match await self._orders.give(route, order, seen):
            case Given() as given:
                self.judge.wake()
                if given.made is None:
                    self._stood(order.verb, route, order.by, order.reason)
                routes = {each.name: each for each in self.running.snapshot.routes}
                said = {
                    "promote": promotion_notes(given, routes, rulings, self.judge.judging.cohorts),
                    "resume": resume_notes(given, routes),
                    "hold": hold_notes(given, routes),
                }
                return await self._answer(route, given, *said.get(order.verb, ()))
            case MoveRefusal(sentence=sentence):
                return problem(HTTPStatus.CONFLICT, f"{route.name} is not moved: {sentence}")
            case TooLate(faster=faster):
                return self.late(request, route) or _late(route.name, faster)
            case never:
                assert_never(never)

    def _stood(self, verb: str, route: Route, by: str, reason: str) -> None:
        if self.records is not None:
            self.records.add(OrderKind(verb), by, stood_reason(reason), route=route.name)

    def _preview(self, route: Route, order: OperatorOrder) -> web.Response:
        given = self._orders.would_be(route, order)
        if isinstance(given, MoveRefusal):
            return problem(HTTPStatus.CONFLICT, f"{route.name} is not moved: {given.sentence}")
        tag = self._tag(route.name, self.here.positions.get(route.name))
        view = moved_view(given, tag=tag, instances=[])
        latest = self._latest(route)
        return as_json(msgspec.structs.replace(view, done=False, preview=True, latest=latest), {"ETag": f'"{tag}"'})

    def _latest(self, route: Route) -> LatestMoveView | None:
        made = latest_move(self.here.placed(route).moves)
        if made is None:
            return None
        return LatestMoveView(sentence=move_sentence(made), seconds=max(0.0, self.here.clock() - made.at))

    async def _epoch(self, request: web.Request, route: Route, asked: OrderBody, by: str) -> web.Response:
        """Of this route alone: that others of its group were mended is for others to say."""
        await self.mover.look()
        late = self.late(request, route)
        if late is not None:
            return late
        before = self.here.position(route)
        after, reason = begun(before), asked.reason or "a new epoch was ordered"
        made = move(before, after, at=self.here.clock(), actor=by, numbers={BEGUN: after.begun}, reason=reason)
        made = replace(made, record=replace(made.record, cause=Cause.OPERATOR))
        if await self.mover.move(made, needs_store=True) is Made.LOST:
            return _late(route.name, (route.name,))
        await self.epoch_begun(route.name, after.begun, f"{by}: {reason}")
        return await self._answer(route, Given(before=before, after=after, made=Made.FOR_ALL), EPOCH_BEGINS)

    async def go_to(self, route: Route, to: Place, by: str, reason: str) -> web.Response:
        """This route alone, to a place that no step leads to; AwayError, UndoneWritesError."""
        before, now = self.here.position(route), self.here.clock()
        if before.place == to:
            stood = "that stood already, and nothing was moved"
            return await self._answer(route, Given(before=before, after=before), stood)
        after = moved(before, to, Cause.OPERATOR, now)
        made = await self.mover.move(move(before, after, at=now, actor=by, numbers={}, reason=reason), needs_store=True)
        if made is Made.LOST:
            return _late(route.name, (route.name,))
        return await self._answer(route, Given(before=before, after=after, made=Made.FOR_ALL))

    async def _drain(self, request: web.Request, route: Route, asked: OrderBody, by: str) -> web.Response:
        position, since = self.here.position(route), self.here.clock()
        if not asked.off and not position.stage.facts.draws:
            sentence = f"a drain stops new cohorts of a split, and {route.name} is at {position.place}"
            return problem(HTTPStatus.CONFLICT, f"{sentence}; say rollback, or kill in an emergency")
        if not asked.off and drain_of(self.here.pins(route.name)) is not None:
            self._stood("drain", route, by, asked.reason)
            stood = "that stood already, and nothing was changed"
            return await self._answer(route, Given(before=position, after=position), stood)
        pin = Pin(route=route.name, cohort=NEWCOMERS, side=Side.LEGACY, by=by, since=since, reason=asked.reason)
        ends = unpin_record(route.name, NEWCOMERS, actor=by, at=since, reason=asked.reason)
        return await self._pinned(request, route, NEWCOMERS, ends if asked.off else pin)

    async def _pinned(
        self, request: web.Request, route: Route, cohort: str, ordered: Pin | OrderRecord
    ) -> web.Response:
        """Set this pin, or end that of the cohort by this order, on what was seen (`If-Match`)."""
        pin = ordered if isinstance(ordered, Pin) else None
        for _ in range(_TRIES):
            await self.mover.look()
            late = self.late(request, route)
            if late is not None:
                return late
            standing = None if request.if_match is None else self.here.standing.version
            gate = self.mover.gate  # a pin moves authority, too; of newcomers there is nothing yet
            holds = () if cohort == NEWCOMERS else await gate.hold_cohort(route, cohort)
            async with asyncio.timeout(PATIENCE):
                if isinstance(ordered, OrderRecord):
                    made = await self.store.drop_pin(route.name, cohort, standing, ordered, holds)
                else:
                    made = await self.store.set_pin(ordered, standing, holds)
            if made:
                await self.mover.look()
            await gate.end(holds, moved=made)
            if made:
                position = self.here.position(route)
                given = Given(before=position, after=position, made=Made.FOR_ALL)
                return await self._answer(
                    route, given, *_set(route, cohort, pin), pin=None if cohort == NEWCOMERS else pin
                )
            if pin is None and all(each.cohort != cohort for each in self.here.pins(route.name)):
                return problem(HTTPStatus.CONFLICT, _not_pinned(route.name, cohort))
        return _late(route.name, ())

    # -- asking and answering -----------------------------------------------------------------------------------------

    def find(self, request: web.Request) -> Route | None:
        """The route that the path names, if it has a stage."""
        route = self.running.snapshot.named(request.match_info["name"])
        return None if route is None or route.respond is not None else route

    def _key(self, route: Route, cohort: str) -> str:
        """The key of a pin that is there as it is, and of others as clients send it."""
        is_there = any(pin.cohort == cohort for pin in self.here.pins(route.name))
        return cohort if is_there else key_of(route, cohort)

    def _staged(self) -> Iterator[Route]:
        return (route for route in self.running.snapshot.routes if route.respond is None)

    def no_such_route(self, request: web.Request) -> web.Response:
        """404, with the nearest name that there is."""
        return no_such_route(request.match_info["name"], [route.name for route in self._staged()], staged=True)

    def late(self, request: web.Request, route: Route) -> web.Response | None:
        """412 where the request is about what is no more (`If-Match`); None: it is not."""
        tag = self._tag(route.name, self.here.positions.get(route.name))
        if is_seen(request, tag):
            return None
        again = f"`banyan status --route {route.name}` or GET /api/routes/{route.name}"
        faster = self._faster(request, route)
        detail = f"{route.name} is not as it was when you looked{faster}, its tag is {tag} now: look again with {again}"
        return problem(HTTPStatus.PRECONDITION_FAILED, detail, {"ETag": f'"{tag}"'})

    def _faster(self, request: web.Request, route: Route) -> str:
        """Who has moved it since, where the tag that was sent is of a version before."""
        made = latest_move(self.here.placed(route).moves)
        if made is None or not any(is_before(tag.value, made.version) for tag in request.if_match or ()):
            return ""
        return f" ({move_sentence(made)}, at {moment(made.at)})"

    def _tag(self, route: str, position: Position | None) -> str:
        return tag_of(0 if position is None else position.version, self.here.pins(route))

    async def _answer(self, route: Route, given: Given, *said: str, pin: Pin | None = None) -> web.Response:
        """What was made, who obeys it, and what stands beside it; `said` comes before that."""
        instances = await acknowledged(self.here, self.judge, self.running.snapshot.revision)
        tag = self._tag(route.name, given.after)
        upstreams = self.running.snapshot.upstreams
        beside = order_notes(route, given.after.place, self.here.pins(route.name), self.around, upstreams)
        view = moved_view(given, tag=tag, instances=instances, pin=pin, notes=[*said, *beside])
        return as_json(view, {"ETag": f'"{tag}"'})


def _late(route: str, faster: Sequence[str]) -> web.Response:
    who = f"{', '.join(faster) or 'something'} was moved by somebody else just now"
    return problem(HTTPStatus.CONFLICT, f"{route} is not moved: {who}; look, then ask again")


def _no_time(seconds: float) -> str:
    said = f"seconds must be at least {SHORTEST_PIN:.0f} and at most {LONGEST_PIN:.0f} (366 days), got {seconds:g}"
    return f"{said}; leave it out to pin the cohort for ever, or say side null to end its pin"


def _set(route: Route, cohort: str, pin: Pin | None) -> Iterator[str]:
    """Of a pin; that a route drains is told with what stands."""
    if pin is None:
        yield "it drains no longer" if cohort == NEWCOMERS else f"cohort {cohort!r} is pinned no longer"
    elif cohort != NEWCOMERS:
        yield pin_sentence(pin)
        yield from filter(None, [stands_in(route, cohort)])


def _not_pinned(route: str, cohort: str) -> str:
    return f"{route} does not drain" if cohort == NEWCOMERS else f"no cohort {cohort!r} is pinned on {route}"
