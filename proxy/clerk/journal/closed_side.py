"""Whether a side of a route is within its closed hours: nothing is sent to it then."""

from __future__ import annotations

from time import time

from proxy.core.outcome import Side
from proxy.core.routing.route import Route
from proxy.core.steps.closed_hours import Closing, closing, hours_of
from proxy.zones import offset


def closed_side(route: Route, side: Side) -> Closing | None:
    """What closes it now; None: it is open."""
    return closing(hours_of(route.steps).of(side), time(), offset)
