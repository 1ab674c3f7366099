"""Two routes between which the table cannot choose: one path, one rank, and a request that both would take.

Rule 1: what overlaps is what predicates say overlaps; different values of one field are taken as different requests.
Rule 2: each route is compared through an index, so that ten thousand hosts on one path load as fast as one each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from proxy.config.checks.conditions import Asked, Index, Signature
from proxy.core.routing.route import Route
from proxy.core.routing.table import rank

MAX_SIGNATURES = 256
"""Different sets of conditions on one path; with more, nobody could say which route takes what."""


def crowded(routes: Iterable[Asked]) -> Iterator[Route]:
    """For each path with more than `MAX_SIGNATURES` sets of conditions, the route that has one too many."""
    seen: dict[object, set[Signature]] = {}
    for each in routes:
        signatures = seen.setdefault(each.route.pattern.shape, set())
        before = len(signatures)
        signatures.add(each.signature)
        if before == MAX_SIGNATURES < len(signatures):
            yield each.route


def conflicts(routes: Iterable[Asked]) -> Iterator[tuple[Route, Route]]:
    """`(later, earlier)` for every route that conflicts with one before it; the first such one is named."""
    indexes: dict[object, Index] = {}
    for each in routes:
        index = indexes.setdefault((each.route.pattern.shape, rank(each.route)), Index())
        earlier = _first(index, each)
        if earlier is not None:
            yield each.route, earlier
        index.add(each)


def _first(index: Index, new: Asked) -> Route | None:
    found = [each.route for signature in index.signatures for each in index.agreeing(signature, new)]
    return min(found, key=lambda route: route.index, default=None)
