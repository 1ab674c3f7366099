"""From what stands to what workers are told: pure values, so that what runs and what is ordered cannot differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from proxy.core.position.ladder import Place
from proxy.core.position.position import Position
from proxy.core.position.standing import NEWCOMERS, Pin, brownouts_ended, is_of_cohort
from proxy.core.routing.placement import place_of
from proxy.core.routing.route import Route
from proxy.link.messages import RouteOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingByRoute:
    """What stands, by route: positions, pins (of cohorts, and of newcomers), what is slow, in seconds, raised samples.

    `said`: what routes.yaml said when its last edit was carried out. `ended`: brown-outs that are over before the store
    has heard of it.
    """

    positions: Mapping[str, Position]
    said: Mapping[str, Place]
    pins: Mapping[str, tuple[Pin, ...]]
    slow: Mapping[str, float]
    samples: Mapping[str, float]
    ended: Mapping[str, frozenset[str]]


def pins_now(pins: Iterable[Pin], now: float) -> dict[str, tuple[Pin, ...]]:
    """By route, without those that are over."""
    found: dict[str, list[Pin]] = {}
    for pin in pins:
        if pin.until is None or pin.until > now:
            found.setdefault(pin.route, []).append(pin)
    return {route: tuple(each) for route, each in found.items()}


def drains(pins: Iterable[Pin]) -> bool:
    """Whether newcomers are sent to legacy."""
    return any(pin.cohort == NEWCOMERS for pin in pins)


def route_orders(routes: Iterable[Route], stood: StandingByRoute) -> list[RouteOrder]:
    """What is to be told of routes on which there is anything to say."""
    return [order for route in routes if (order := _order(route, stood)) is not None]


def _order(route: Route, stood: StandingByRoute) -> RouteOrder | None:
    position, pins = stood.positions.get(route.name), stood.pins.get(route.name, ())
    slow, sample = stood.slow.get(route.name, 0.0), stood.samples.get(route.name, 0.0)
    ended = stood.ended.get(route.name, frozenset())
    if route.respond is not None or not (position is not None or pins or slow or sample or ended):
        return None
    place = place_of(route) if position is None else position.place
    said = stood.said.get(route.name) or place_of(route)
    return RouteOrder(
        route=route.origin,
        stage=place.stage.value,
        split=place.split,
        said_stage=said.stage.value,
        said_split=said.split,
        pins=[(pin.cohort, pin.side.value) for pin in pins if is_of_cohort(pin)],
        slow=slow,
        drained=drains(pins),
        sample=sample,
        step=0 if position is None else position.step,
        begun=0 if position is None else position.begun,
        ended=sorted({*brownouts_ended(pins), *ended}),
    )
