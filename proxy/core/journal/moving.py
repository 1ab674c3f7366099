"""Which cohorts change their authoritative side when a route moves."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.core.journal.writes import writes_of
from proxy.core.outcome import Side
from proxy.core.position.ladder import Place
from proxy.core.routing.route import Route

Draws = tuple[float, float]
"""From the first, and below the second."""


def moving(before: Place, after: Place) -> Draws | None:
    """The draws of the cohorts that another side answers from then on; None: of none."""
    low, high = sorted((_share(before), _share(after)))
    return (low, high) if low < high else None


def joined(one: Draws | None, other: Draws | None) -> Draws | None:
    """The least range that has both."""
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def written_scopes(routes: Iterable[Route]) -> frozenset[str]:
    """Scopes in which some route's writes go to both sides: all routes of such a one move together."""
    return frozenset(route.scope for route in routes if writes_of(route) is not None)


def _share(place: Place) -> float:
    """Of the cohorts that new answers; where nobody answers, nobody's side changes."""
    facts = place.stage.facts
    if facts.draws:
        return place.split
    return 0.0 if facts.serves is Side.LEGACY else 1.0
