"""The handlers of recent requests: all that are remembered, and one by its id with what would be decided now.

Rule 1: what is decoded and decided is done on a thread: a page may hold all of the memory.
Rule 2: a request that is not remembered is no error of anybody's: the answer says where to look instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from proxy.api.recent import ComparisonView, NowView, RecentView, RememberedView, RequestedView, SampledView
from proxy.control.admin.http.responses import no_such_route, problem
from proxy.control.traffic.recent_requests import LASTS, MOST, KeptRequest, RecentRequests
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.table import RouteTable
from proxy.core.traffic.remembered_request import RememberedRequest
from proxy.core.traffic.replay import Again, Replay

USUAL = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentPages:
    """`running` is the present table, `routes` are its routes where they run while the kill switch is off, `killed`:
    it is on; `compared` knows comparisons by id.
    """

    recent: RecentRequests
    running: Callable[[], Snapshot]
    routes: Callable[[], Sequence[Route]]
    compared: Callable[[str], ComparisonView | None]
    killed: Callable[[], bool] = lambda: False

    async def page(self, request: web.Request) -> web.Response:
        """`GET /api/recent?route=&limit=`: of a route that is gone as well, while its requests are remembered."""
        text = request.query.get("limit", str(USUAL))
        if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MOST):
            return problem(HTTPStatus.BAD_REQUEST, f"`limit` is a number from 1 to {MOST}, not {text!r}")
        route, known = request.query.get("route") or None, [each.name for each in self.running().routes]
        found = self.recent.latest(route, int(text))
        if route is not None and not found and route not in known:
            return no_such_route(route, known)
        head = RecentView(
            revision=self.running().revision, seconds=self.recent.seconds, remembered=len(self.recent), requests=()
        )
        body = await asyncio.to_thread(_page, head, found)
        return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})

    async def one(self, request: web.Request) -> web.Response:
        """`GET /api/requests/{id}`."""
        name = request.match_info["id"]
        seen = self.recent.find(name)
        if seen is None:
            return problem(HTTPStatus.NOT_FOUND, _absent(name))
        view = RequestedView(
            request=shown(seen),
            now=await asyncio.to_thread(self._now, seen),
            revision=self.running().revision,
            comparison=self.compared(seen.id),
        )
        headers = {"Cache-Control": "no-store"}
        return web.Response(body=msgspec.json.encode(view), content_type="application/json", headers=headers)

    def _now(self, seen: RememberedRequest) -> NowView:
        routes = self.routes()
        replay = Replay(RouteTable(routes), self.running().upstreams, killed=self.killed())
        return _now_view(replay.decide(seen), replay.happened(seen), {route.name: route for route in routes})


def _now_view(now: Again, then: Again, routes: Mapping[str, Route]) -> NowView:
    route = routes.get(now.route)
    staged = route is not None and route.respond is None
    return NowView(
        route=now.route,
        stage=route.stage.value if route is not None and staged else None,
        split=route.split if route is not None and staged else None,
        side=now.below.side if now.is_certain else None,
        address=now.below.address if now.is_certain else None,
        reason=now.reason,
        draw=now.draw,
        differs=now.route != then.route or not now.is_certain or now.below.side != then.below.side,
    )


def shown(seen: RememberedRequest) -> RememberedView:
    """One request as JSON."""
    return RememberedView(**_facts(seen))


def sampled(seen: RememberedRequest, weight: float) -> SampledView:
    """The same in a list."""
    return SampledView(**_facts(seen), weight=weight)


def _facts(seen: RememberedRequest) -> dict[str, Any]:
    """A cohort has more digits than numbers of JSON keep, so it is written in hexadecimal."""
    facts = {**seen._asdict(), "cohort": f"{seen.cohort:016x}"}
    del facts["caller"]
    return facts


def _page(head: RecentView, found: Sequence[KeptRequest]) -> bytes:
    requests = [sampled(kept.seen, kept.weight) for kept in found]
    return msgspec.json.encode(msgspec.structs.replace(head, requests=requests))


def _absent(name: str) -> str:
    return (
        f"request {name!r} is not remembered: of busy seconds a sample is kept, for {LASTS / 60:g} minutes, and nothing"
        " over a restart of control; its canonical line in the log has `request_id` or `client_request_id`"
    )
