"""Which upstreams are within their closed hours now, and what they are to answer all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from proxy.api.upstreams import ClosedView
from proxy.core.outcome import Side
from proxy.core.routing.route import Route
from proxy.core.steps.closed_hours import NEVER, Closing, Hours, closing, hours_of
from proxy.log import stamp
from proxy.zones import offset


def closed_views(
    asked: Iterable[tuple[str, Iterable[str]]], named: Callable[[str], Route | None], now: float
) -> list[ClosedView]:
    """`asked` are routes by name, each with the upstreams that are to answer it; `now` in unix seconds."""
    known: dict[Hours, Closing | None] = {(): None}
    routes: dict[tuple[str, Closing], list[str]] = {}
    for name, upstreams in asked:
        route = named(name)
        hours = NEVER if route is None else hours_of(route.steps)
        if route is None or hours is NEVER:
            continue
        for side in (side for side in Side if route.upstream(side) in upstreams):
            said = hours.of(side)
            if said not in known:
                known[said] = closing(said, now, offset)
            closed = known[said]
            if closed is not None and name not in (found := routes.setdefault((route.upstream(side), closed), [])):
                found.append(name)
    return [_view(upstream, closed, found) for (upstream, closed), found in routes.items()]


def _view(upstream: str, closed: Closing, routes: list[str]) -> ClosedView:
    until = stamp(datetime.fromtimestamp(closed.until, UTC))
    return ClosedView(upstream=upstream, until=until, window=closed.name, routes=routes)
