"""What an operator ought to know of a promotion beside that it was made: what speaks against it, or that nothing can.

Rule 1: it is carried out all the same: no evidence is waited for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from proxy.control.position.group_orders import Given
from proxy.control.probe.upstreams_down import by_stage
from proxy.core.judge.verdict import Ruling
from proxy.core.position.ladder import Place
from proxy.core.position.position import Position
from proxy.core.routing.placement import placed
from proxy.core.routing.route import Route
from proxy.core.routing.shadow import is_safe, is_shadowed, shadow_side

_UNKNOWN_METHOD = (b"GET",)
"""A route that takes every method takes this one as well."""


def promotion_notes(given: Given, routes: Mapping[str, Route], rulings: Mapping[str, Ruling]) -> Iterator[str]:
    """Of the route and of those that went with it; `rulings` are those from before the order, both by name."""
    for after in (given.after, *(each.position for each in given.group if not each.why)):
        route = routes.get(after.route)
        if route is None:
            continue
        of = "" if after.route == given.after.route else f"{after.route} of its group: "
        yield from (f"{of}{each}" for each in _notes(route, after, rulings.get(route.name)))


def _notes(route: Route, after: Position, ruling: Ruling | None) -> Iterator[str]:
    if ruling is not None and ruling.against and ruling.position.version == after.version - 1:
        shows = f"`banyan mismatches {route.name}` shows what differs"
        yield f"{ruling.against}: the judge would not have promoted it; {shows}"
    why = _uncompared(route, after.place)
    if why:
        yield f"nothing of it is compared at {after.place}, as {why}: wrong answers of new go unseen there"


def _uncompared(route: Route, place: Place) -> str:
    """Why no request is put to both sides there; empty where one may be."""
    policy, methods = route.shadow, route.methods or _UNKNOWN_METHOD
    if policy is None or not is_shadowed(policy, place.stage):
        return "it is not shadowed"
    sides = by_stage(placed(route, place))
    asks = (
        shadow_side(policy, place.stage, route.effects, side, each, has_key=False) for each in methods for side in sides
    )
    if any(each is not None for each in asks):
        return ""
    if policy.dry_run and not any(is_safe(route.effects, each, has_key=False) for each in methods):
        return "legacy cannot be asked to dry-run a write"
    return "it changes something and has no dry run (`shadow: {writes: dry_run}`)"
