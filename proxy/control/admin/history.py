"""`GET /api/history`: moves and other orders in one list, each with its own time, actor, reason and kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web

from proxy.api.history import HistoryView, RecordedOrderView
from proxy.api.standing import PlaceView
from proxy.control.admin.http.responses import no_such_route, problem, store_away, tagged
from proxy.control.position.mover import PATIENCE
from proxy.core.position.position import Transition
from proxy.core.position.record import OrderRecord, kind_of
from proxy.core.routing.snapshot import Snapshot
from proxy.log import stamp
from proxy.store.errors import StoreUnavailable
from proxy.store.positions import PositionStore

MOST, USUAL = 1000, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPages:
    """`running` is the present table."""

    store: PositionStore
    running: Callable[[], Snapshot]

    async def page(self, request: web.Request) -> web.Response:
        """`GET /api/history?route=&limit=`: of one that is gone or was renamed as well, while its record is kept."""
        route, limit = request.query.get("route") or None, request.query.get("limit", str(USUAL))
        if not limit.isdecimal() or not 0 < int(limit[:9]) <= MOST:
            return problem(HTTPStatus.BAD_REQUEST, f"limit must be a number from 1 to {MOST}, got {limit[:9]!r}")
        try:
            async with asyncio.timeout(PATIENCE):
                moves = await self.store.transitions(route, int(limit))
                orders = await self.store.orders(route, int(limit))
        except (StoreUnavailable, TimeoutError) as error:
            return store_away(str(error))
        known = [each.name for each in self.running().routes]
        is_known = route in {None, *known} or bool(moves) or any(each.route for each in orders)
        if route is not None and not is_known:
            return no_such_route(route, known)
        view = HistoryView(orders=newest(moves, orders, int(limit)))
        return tagged(request, view, self.running().revision)


def newest(moves: Iterable[Transition], orders: Iterable[OrderRecord], most: int) -> list[RecordedOrderView]:
    """The last `most` of both, which come newest first."""
    timed = [(each.at, _move_view(each)) for each in moves] + [(each.at, _order_view(each)) for each in orders]
    return [view for _, view in sorted(timed, key=lambda pair: -pair[0])][:most]


def _move_view(made: Transition) -> RecordedOrderView:
    return RecordedOrderView(
        at=_moment(made.at),
        kind=kind_of(made).value,
        route=made.route,
        actor=made.actor,
        reason=made.reason,
        start=PlaceView(stage=made.from_stage, split=made.from_split),
        end=PlaceView(stage=made.to_stage, split=made.to_split),
        cause=made.cause.value,
        version=made.version,
    )


def _order_view(order: OrderRecord) -> RecordedOrderView:
    return RecordedOrderView(
        at=_moment(order.at),
        kind=order.kind.value,
        route=order.route,
        actor=order.actor,
        reason=order.reason,
        cohort=order.cohort,
        side=order.side,
        until=None if order.until is None else _moment(order.until),
        instance=order.instance,
    )


def _moment(at: float) -> str:
    return stamp(datetime.fromtimestamp(at, UTC))
