"""Which upstreams answer nothing now, by their health probes, and what they are to answer all the same.

Rule 1: an upstream without `health` is never called down: nothing is known of it.
Rule 2: what a side is to answer is told by stage, split and pins, as they run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from proxy.api.upstreams import DownView
from proxy.control.probe.health import Status, UpstreamCondition
from proxy.core.outcome import Side
from proxy.core.position.standing import Pin, is_of_cohort
from proxy.core.routing.route import Route
from proxy.log import stamp


def pinned(route: Route, pins: Iterable[Pin]) -> dict[str, Side]:
    """Cohorts by key and the side that answers them, those of routes.yaml included; an ordered pin outranks them."""
    if route.respond is not None or not route.stage.facts.has_legacy:
        return {}
    written = {} if route.tie is None else {key.decode("utf-8", "replace"): side for key, side in route.tie.pins}
    return written | {pin.cohort: pin.side for pin in pins if is_of_cohort(pin)}


def answering(route: Route, pins: Iterable[Pin] = ()) -> frozenset[Side]:
    """The sides that are to answer something of a route, which is given at the place where it runs."""
    if route.respond is not None:
        return frozenset()
    return by_stage(route) | frozenset(pinned(route, pins).values())


def by_stage(route: Route) -> frozenset[Side]:
    """Those that answer cohorts which are not pinned."""
    facts = route.stage.facts
    if facts.draws:
        return frozenset(({Side.NEW} if route.split else set()) | ({Side.LEGACY} if route.split < 1.0 else set()))
    return frozenset(side for side in Side if facts.needs(side, route.split))


def down_sentences(route: Route, pins: Iterable[Pin], conditions: Mapping[str, UpstreamCondition]) -> Iterator[str]:
    """One for each side that is to answer something of the route and is down."""
    for side in sorted(answering(route, pins)):
        upstream = route.upstream(side)
        condition = conditions.get(upstream)
        if condition is not None and condition.status is Status.DOWN:
            who = side.value if upstream == side else f"{side} ({upstream})"
            why = f" ({condition.error})" if condition.error else ""
            yield f"{who} is down since {stamp(condition.since)}: it answers nothing now{why}"


def down_views(
    asked: Iterable[tuple[str, Iterable[str]]], conditions: Mapping[str, UpstreamCondition]
) -> list[DownView]:
    """Every upstream that is down; `asked` are routes by name, each with the upstreams that are to answer it."""
    down = {name: each for name, each in conditions.items() if each.status is Status.DOWN}
    routes: dict[str, list[str]] = {name: [] for name in down}
    for route, upstreams in asked if down else ():
        for upstream in down.keys() & set(upstreams):
            routes[upstream].append(route)
    return [
        DownView(upstream=name, since=stamp(each.since), error=each.error, routes=routes[name])
        for name, each in down.items()
    ]
