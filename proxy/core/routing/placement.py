"""Where a route runs in a worker: what was ordered, unless routes.yaml was edited since.

Rule 1: an order is given for one reading of the file. A table that says something else was edited after it, and until
        the next order comes the lower of the two runs: an edit lowers at once, and raises through control alone.
Rule 2: an order that would need an upstream which the table does not have is not obeyed.
Rule 3: until it is known where routes stand, legacy answers what it can: all that has not passed its one-way door, or
        that climbs a ramp and so may not have come there yet. Pins of the file wait too: an order may outrank them.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from proxy.core.outcome import Side
from proxy.core.position.ladder import LEGACY, SHADOW, Place, is_above
from proxy.core.routing.decide import Decision, Reason
from proxy.core.routing.route import Route
from proxy.core.routing.split_exceptions import SplitExceptions
from proxy.core.stage import is_past

UNKNOWN = Decision(Side.LEGACY, None, Reason.STANDING_UNKNOWN)
"""For every request of a route that waits: nobody is asked as shadow."""


def place_of(route: Route) -> Place:
    """The place that routes.yaml says."""
    return Place(route.stage, route.split)


def place_now(file: Place, ordered: Place, said: Place) -> Place:
    """Where to run: `file` is what the table says, `said` what it said when `ordered` was given."""
    return file if file != said and is_above(ordered, file) else ordered


def is_possible(route: Route, place: Place, upstreams: Container[str]) -> bool:
    """Whether the table has the upstreams that a place needs."""
    facts = place.stage.facts
    return all(route.upstream(side) in upstreams for side in Side if facts.needs(side, place.split))


def waits(route: Route, upstreams: Container[str]) -> bool:
    """Whether legacy answers this route for as long as nobody knows where it stands."""
    if route.respond is not None or route.legacy not in upstreams or route.new not in upstreams:
        return False
    climbs = (
        route.ramp is not None and route.stage.facts.has_legacy
    )  # then the file says how far, not how far it has come
    return climbs or not is_past(route.stage, route.guard.door)


def placed(route: Route, place: Place) -> Route:
    """The same route at another place."""
    return route if place_of(route) == place else replace(route, stage=place.stage, split=place.split)


def as_killed(route: Route, exceptions: SplitExceptions | None) -> Route:
    """A route at legacy of which single cohorts are pinned to new has something to switch off."""
    return route if exceptions is None or route.stage is not LEGACY.stage else placed(route, SHADOW)
