"""What is slow on a route: above which time legacy's own answers hardly ever were.

Rule 1: it is one of the bounds that answers are counted by, so that it changes rarely; with fewer than `ENOUGH` answers
        of legacy nothing is slow. What says nothing of legacy, as a refusal of Banyan's own, is not counted.
Rule 2: what was found stays when legacy answers no more: new is held against how legacy was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from operator import sub

from proxy.control.traffic.ledger import Series, Totals
from proxy.core.judge.guard import Bad
from proxy.core.outcome import ServedBy
from proxy.core.routing.route import Route
from proxy.link.messages import BUCKETS

ENOUGH = 1000


def slow_above(
    routes: Iterable[Route], totals: Mapping[Series, Totals], before: Mapping[str, float]
) -> dict[str, float]:
    """Seconds by route; `totals` since control began, `before` as found last."""
    found: dict[str, float] = {}
    for route in routes:
        if route.respond is not None or Bad.LATENCY not in route.guard.classes:
            continue
        bound = _bound(totals.get(Series(route.name, ServedBy.LEGACY.value)), route.guard.latency)
        if bound := bound or before.get(route.name, 0.0):
            found[route.name] = bound
    return found


def _bound(totals: Totals | None, quantile: float) -> float:
    """The least bound below which that share of the answers was; 0 when there are too few, or none is so low."""
    if totals is None:
        return 0.0
    own = list(map(sub, totals.buckets, totals.nobodys))
    answers = sum(own)
    if answers < ENOUGH:
        return 0.0
    limit = quantile * answers
    return next((bound for bound, below in zip(BUCKETS, accumulate(own), strict=False) if below >= limit), 0.0)
