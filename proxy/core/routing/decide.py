"""Who answers a request, and why: the one function that serves live traffic, `explain` and `plan` alike.

Rule 1: one snapshot and one draw per request; the draw travels in the decision.
Rule 2: no clock, no dice: the same request and route give the same decision on every machine.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from proxy.core.http.request import RequestHead
from proxy.core.outcome import Side
from proxy.core.routing.cohort import CohortSource, cohort_of
from proxy.core.routing.route import Route
from proxy.core.routing.shadow import shadow_side
from proxy.core.routing.split import draw
from proxy.core.stage import Stage


class Reason(StrEnum):
    """Why this side answers: a closed list."""

    STAGE = "stage"
    BELOW_SPLIT = "below_split"
    ABOVE_SPLIT = "above_split"
    RESPOND = "respond"
    RETIRED = "retired"
    KILLED = "killed"
    PINNED = "pinned"
    STAYS = "stays"
    AFFINITY = "affinity"
    DRAINED = "drained"
    STANDING_UNKNOWN = "standing_unknown"


class Decision(NamedTuple):
    """`serve` None means that Banyan answers itself. `draw` in [0, 1) where one was made, `source` that of its cohort.

    A named tuple, since one is made per request of a canary and a frozen dataclass costs four times as much.
    """

    serve: Side | None
    shadow: Side | None
    reason: Reason
    draw: float | None = None
    source: CohortSource | None = None


_BELOW: Final = Reason.BELOW_SPLIT
_ABOVE: Final = Reason.ABOVE_SPLIT
_LEGACY_SIDE: Final = Side.LEGACY
_NEW_SIDE: Final = Side.NEW
_RETIRED_STAGE: Final = Stage.RETIRED
_RESPOND = Decision(None, None, Reason.RESPOND)
_LEGACY = Decision(Side.LEGACY, None, Reason.STAGE)
_NEW = Decision(Side.NEW, None, Reason.STAGE)
_RETIRED = Decision(None, None, Reason.RETIRED)


def settled(route: Route) -> Decision | None:
    """The decision that holds for every request of the route, or None when a draw is needed."""
    if route.respond is not None:
        return _RESPOND
    facts = route.stage.facts
    if facts.serves is not None:
        return _LEGACY if facts.serves is _LEGACY_SIDE else _NEW
    return _RETIRED if facts.ends and route.split >= 1.0 else None


def decide(route: Route, head: RequestHead, client_ip: bytes) -> Decision:
    """The decision for one request; `client_ip` in text form (`203.0.113.7`)."""
    certain = settled(route)
    return with_shadow(route, head, certain or decide_by_draw(route, route.salt, head, client_ip))


def with_shadow(route: Route, head: RequestHead, decision: Decision) -> Decision:
    """The decision with the side that is asked as well; sampling, limits and the kill switch are the edge's."""
    has_key = head.first(b"idempotency-key") is not None
    shadow = shadow_side(route.shadow, route.stage, route.effects, decision.serve, head.method, has_key=has_key)
    return decision if shadow is None else decision._replace(shadow=shadow)


def decide_by_draw(route: Route, salt: int, head: RequestHead, client_ip: bytes) -> Decision:
    """The same for a route in `canary`, or in a brown-out before `retired`; `salt` is `route.salt`."""
    source, key = cohort_of(route.cohort, head, client_ip)
    return decide_at(route, draw(salt, source.prefix + key), source)


def decide_at(route: Route, number: float, source: CohortSource | None) -> Decision:
    """The same for a cohort whose draw is known; `source` goes into the decision and nowhere else."""
    if route.stage is _RETIRED_STAGE:
        below = number < route.split
        return Decision(None if below else _NEW_SIDE, None, Reason.RETIRED if below else _ABOVE, number, source)
    if number < route.split:
        return Decision(_NEW_SIDE, None, _BELOW, number, source)
    return Decision(_LEGACY_SIDE, None, _ABOVE, number, source)
