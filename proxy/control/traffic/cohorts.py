"""How good the cohorts of each route are: how many there are by source, and which share of requests names none.

Rule 1: counted are sampled requests, each for as many as it stands for; cohorts that were never sampled are not seen.
Rule 2: a route's counts begin anew when its group or its list of sources is edited: its cohorts are others then.
Rule 3: bounded: a kilobyte per route and source, sources as routes.yaml lists them, routes as the table has them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from proxy.api.routes import CohortsView, SourceView
from proxy.core.judge.reach import NO_COHORTS_SEEN, SeenCohorts
from proxy.core.math.distinct import Distinct
from proxy.core.routing.route import Route
from proxy.core.routing.split import draw_of
from proxy.core.traffic.remembered_request import RememberedRequest, drawn_for, sources_text

FELL_BACK = "(none: client_ip)"
"""Stands for a source where a request had none of those that its route lists, and its client's address was taken."""


NO_COHORTS = CohortsView()


@dataclass(slots=True)
class _Source:
    requests: float = 0.0
    distinct: Distinct = field(default_factory=Distinct)


@dataclass(slots=True)
class _Counted:
    drawn_for: str
    sources: str
    by: dict[str, _Source] = field(default_factory=dict)
    lowest: float = 1.0


class RecentCohorts:
    """Of all routes, since control began."""

    def __init__(self) -> None:
        """None seen."""
        self._routes: dict[str, _Counted] = {}

    def note(self, seen: RememberedRequest, weight: float) -> None:
        """One sampled request; those without a route, or that need no side, have no cohort."""
        if not seen.stage:
            return
        counted = self._routes.get(seen.route)
        if counted is None or (counted.drawn_for, counted.sources) != (seen.drawn_for, seen.sources):
            counted = self._routes[seen.route] = _Counted(seen.drawn_for, seen.sources)
        source = counted.by.setdefault(seen.source or FELL_BACK, _Source())
        source.requests += weight
        source.distinct.add(seen.cohort)
        counted.lowest = min(counted.lowest, draw_of(seen.cohort))

    def follow(self, routes: Iterable[Route]) -> None:
        """The table now has these routes."""
        said = {route.name: (drawn_for(route), sources_text(route)) for route in routes}
        kept = self._routes.items()
        self._routes = {name: each for name, each in kept if said.get(name) == (each.drawn_for, each.sources)}

    def seen(self, route: str) -> SeenCohorts:
        """How many there are of one route, how often they asked, and the lowest of their draws."""
        counted = self._routes.get(route)
        if counted is None:
            return NO_COHORTS_SEEN
        sources = counted.by.values()
        number, requests = sum(each.distinct.count for each in sources), sum(each.requests for each in sources)
        return SeenCohorts(number, round(requests), counted.lowest)

    def view(self, route: str) -> CohortsView:
        """Of one route, the most used source first."""
        counted = self._routes.get(route)
        if counted is None:
            return NO_COHORTS
        total = sum(each.requests for each in counted.by.values())
        fell_back = counted.by.get(FELL_BACK)
        return CohortsView(
            without=fell_back.requests / total if fell_back is not None and total else 0.0,
            sources=tuple(
                SourceView(source=name, requests=round(each.requests), cohorts=each.distinct.count)
                for name, each in sorted(counted.by.items(), key=lambda item: -item[1].requests)
            ),
        )
