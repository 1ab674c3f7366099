"""Decisions on a route with exceptions: pinned cohorts, and a drain.

Rule 1: a pin outranks stage and split; a drain outranks the split alone.
Rule 2: a pin names the cohort key as it was sent, whatever source it came from.
Rule 3: while a route drains, only cohorts that new has served lately stay with new; every other one goes to legacy.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from proxy.core.cohort import cohort_of
from proxy.core.decide import Decision, Reason, decide_by_draw
from proxy.core.outcome import Side
from proxy.core.request import RequestHead
from proxy.core.route import CLIENT_IP, Route
from proxy.core.split import draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceptions:
    """What is said of single cohorts. `sides` by cohort key; `certain` is the decision for all others, None: a draw.

    `present` None: no drain; else the draws of the cohorts that stay.
    """

    sides: Mapping[bytes, Side]
    certain: Decision | None
    present: Container[float] | None = None


def decide_pinned(route: Route, salt: int, head: RequestHead, client_ip: bytes, exceptions: Exceptions) -> Decision:
    """The decision for one request of a route that has exceptions."""
    source, key = cohort_of(route.cohort, head, client_ip) or (CLIENT_IP, client_ip)
    side = exceptions.sides.get(key)
    if side is not None:
        return Decision(side, None, Reason.PINNED, draw(salt, source.prefix + key), source)
    if exceptions.certain is not None:
        return exceptions.certain
    found = decide_by_draw(route, salt, head, client_ip)
    if exceptions.present is None or found.serve is not Side.NEW or found.draw in exceptions.present:
        return found
    return Decision(Side.LEGACY, None, Reason.DRAINED, found.draw, found.source)
