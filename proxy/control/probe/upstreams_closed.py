"""Which upstreams are within their closed hours now, and what they are to answer all the same."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from datetime import UTC, datetime

from proxy.api.upstreams import ClosedView
from proxy.core.journal.writes import writes_of
from proxy.core.outcome import Side
from proxy.core.routing.route import Route
from proxy.core.steps.closed_hours import NEVER, Closing, Hours, closing, hours_of
from proxy.log import stamp
from proxy.zones import offset

Asked = Iterable[tuple[str, Iterable[str]]]
"""Routes by name, each with some of its upstreams."""


def closed_views(
    asked: Asked, named: Callable[[str], Route | None], now: float, called: Asked = ()
) -> list[ClosedView]:
    """`asked` has the upstreams that are to answer a route, `called` all that something is sent to; `now` in unix
    seconds.
    """
    known: dict[Hours, Closing | None] = {(): None}
    routes, concerned = (_by_closing(each, named, now, known) for each in (asked, called))
    return [
        _view(upstream, closed, answers := routes.get((upstream, closed), []), _without(names, answers))
        for (upstream, closed), names in (routes | concerned).items()
    ]


def called(route: Route) -> frozenset[str]:
    """The upstreams that something is sent to beside answers, where the route runs: shadows, writes, a fallback."""
    is_both = route.stage.facts.has_both or route.fallback is not None or writes_of(route) is not None
    return frozenset(route.upstream(side) for side in Side) if is_both else frozenset()


def _without(names: Iterable[str], others: Container[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _by_closing(
    asked: Asked, named: Callable[[str], Route | None], now: float, known: dict[Hours, Closing | None]
) -> dict[tuple[str, Closing], list[str]]:
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
    return routes


def _view(upstream: str, closed: Closing, routes: list[str], beside: tuple[str, ...]) -> ClosedView:
    until = stamp(datetime.fromtimestamp(closed.until, UTC))
    return ClosedView(upstream=upstream, until=until, window=closed.name, routes=routes, beside=beside)
