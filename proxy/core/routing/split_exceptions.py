"""Decisions on a route with exceptions: pins, flows that stay, reads that follow writes, and a drain.

Rule 1: the first of these decides: a pin (an allowed client's own choice, then a cohort's), the side on which a flow
        stays, the side of the cohort's last write; then stage, drain and split. The kill switch goes before them all.
Rule 2: a pin names the cohort key as it was sent, whatever source it came from; a part of a path in any spelling.
Rule 3: flows stay and reads follow while both sides are there: at shadow, canary and live. Pins hold at legacy too.
Rule 4: while a route drains, only cohorts that new has served lately stay with new; every other one goes to legacy.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from proxy.core.http.request import RequestHead
from proxy.core.http.request_context import RequestContext
from proxy.core.http.target import one_spelling
from proxy.core.outcome import Side
from proxy.core.routing.cohort import SourceKind, cohort_of
from proxy.core.routing.decide import Decision, Reason, decide_by_draw, settled
from proxy.core.routing.route import Route
from proxy.core.routing.split import draw

_NOBODY: frozenset[Side] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitExceptions:
    """What is said of single cohorts. `sides` by cohort key; `certain` is the decision for all others, None: a draw.

    `present` None: no drain; else the draws of the cohorts that stay. `open`: sides that a client may choose, `kept`:
    those on which flows may stay. `recalls`: whether a request's `visit` is to be looked at.
    """

    sides: Mapping[bytes, Side]
    certain: Decision | None
    present: Container[float] | None = None
    open: frozenset[Side] = _NOBODY
    kept: frozenset[Side] = _NOBODY
    recalls: bool = False


def exceptions_of(
    route: Route,
    there: frozenset[Side],
    ordered: Mapping[bytes, Side],
    present: Container[float] | None,
    *,
    choosers: bool,
) -> SplitExceptions | None:
    """All that holds on a route: `there` are the sides that have an upstream, `ordered` pins outrank the file's.

    A pin to a side that is not there counts for nothing. `present` as in `SplitExceptions`; `choosers`: some exist.
    """
    if route.respond is not None or not route.stage.facts.has_legacy:
        return None
    sides = _sides(route, there, ordered)
    recalls = choosers or route.is_tied
    if not (sides or recalls or present is not None):
        return None
    kept = there if route.stage.facts.has_both else _NOBODY
    certain = settled(route)
    return SplitExceptions(sides=sides, certain=certain, present=present, open=there, kept=kept, recalls=recalls)


def _sides(route: Route, there: frozenset[Side], ordered: Mapping[bytes, Side]) -> dict[bytes, Side]:
    """By key; where keys are parts of paths, also by the spelling that those are compared in."""
    written = () if route.tie is None else route.tie.pins
    spelled = any(source.kind is SourceKind.PATH for source in route.cohort)
    sides: dict[bytes, Side] = {}
    for key, side in (*written, *ordered.items()):
        if side in there:
            sides[key] = side
            if spelled:
                sides[one_spelling(key)] = side
    return sides


def decide_pinned(
    route: Route, salt: int, head: RequestHead, client_ip: bytes, exceptions: SplitExceptions
) -> Decision:
    """The decision for one request of a route that has exceptions."""
    source, key = cohort_of(route.cohort, head, client_ip)
    visit = head.visit
    side, reason = exceptions.sides.get(key), Reason.PINNED
    if visit is not None:
        side, reason = _tied(visit, side, exceptions)
    if side is not None:
        return Decision(side, None, reason, draw(salt, source.prefix + key), source)
    if exceptions.certain is not None:
        return exceptions.certain
    found = decide_by_draw(route, salt, head, client_ip)
    if exceptions.present is None or found.serve is not Side.NEW or found.draw in exceptions.present:
        return found
    return Decision(Side.LEGACY, None, Reason.DRAINED, found.draw, found.source)


def _tied(visit: RequestContext, pinned: Side | None, exceptions: SplitExceptions) -> tuple[Side | None, Reason]:
    """Rule 1, of a request of which something is known."""
    if visit.asked in exceptions.open:
        return visit.asked, Reason.PINNED
    if pinned is not None:
        return pinned, Reason.PINNED
    if visit.stays in exceptions.kept:
        return visit.stays, Reason.STAYS
    if visit.follows in exceptions.kept:
        return visit.follows, Reason.AFFINITY
    return None, Reason.PINNED
