"""Answers by verified caller: counted beside the tallies of routes, and told with them.

Rule 1: every answer that is counted here is counted in a tally of its route in the same step, and both are told at
        once: what a route's tallies say beyond this went to callers whom nobody has verified.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from proxy.core.auth.principal import client_of
from proxy.core.discovery.usage import OTHERS
from proxy.link.messages import RouteDelta, UsageDelta

if TYPE_CHECKING:
    from proxy.core.auth.principal import Principal

MOST: Final = 1_000
"""Callers of a route between two reports; further ones are counted together."""
_FAILED: Final = 400


class CallerCounts:
    """One worker's, since the last report."""

    __slots__ = ("_routes",)

    def __init__(self) -> None:
        self._routes: dict[str, dict[str, list[int]]] = {}

    def count(self, route: str, principal: Principal, status: int) -> None:
        """One answer to this caller; names of routes are the table's, so they are bounded."""
        callers = self._routes.get(route)
        if callers is None:
            callers = self._routes[route] = {}
        name = client_of(principal)
        counts = callers.get(name)
        if counts is None:
            if len(callers) >= MOST:
                name = OTHERS
            counts = callers.setdefault(name, [0, 0])
        counts[0] += 1
        if status < _FAILED:
            counts[1] += 1

    def take(self, told: Iterable[RouteDelta]) -> list[UsageDelta]:
        """The increments of the routes that are told now, and begin these anew."""
        taken = []
        for route in {delta.route for delta in told}:
            callers = self._routes.pop(route, None)
            if callers is not None:
                taken += [UsageDelta(route, name, counts[0], counts[1]) for name, counts in callers.items()]
        return taken
