"""Remembered requests decided again: by another table, or by the same one as it runs now.

Rule 1: the table matches and `decide_at` decides; nothing of either is repeated here.
Rule 2: a remembered cohort has the same draw again where group and cohort sources are the same. Where they are not,
        the cohort is drawn anew: new has it with the chance of the split, and the answer says so.
Rule 3: a path holds its own cohort: a route that draws by `path:` alone is always decided exactly.
Rule 4: a pin, a drain, or a tie to a side decided for that request alone: on the same route it is taken to do so again,
        unless the kill switch is on, which outranks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from proxy.core.http.request import RequestHead
from proxy.core.outcome import Side
from proxy.core.position.ladder import LEGACY, SHADOW, Place
from proxy.core.routing.cohort import SourceKind, present_cohort
from proxy.core.routing.decide import Decision, Reason, decide_at, settled
from proxy.core.routing.kill_switch import decide_killed
from proxy.core.routing.placement import placed
from proxy.core.routing.route import Route, Upstream
from proxy.core.routing.split import draw, draw_of
from proxy.core.routing.table import Miss, RouteTable
from proxy.core.traffic.remembered_request import RememberedRequest, drawn_for, head_of, sources_text, veiled

UNMATCHED = "(unmatched)"
SELF = "self"
_EXCEPTIONS = frozenset(reason.value for reason in (Reason.PINNED, Reason.DRAINED, Reason.STAYS, Reason.AFFINITY))
_ALMOST_ONE = 1.0 - 2.0**-53


class Answerer(NamedTuple):
    """Who answers: `legacy`, `new` or `self`, and the address that is asked, `host:port`, if one is."""

    side: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """One request decided again. `draw` None and a `split` strictly between: it is drawn anew, `below` with the chance
    `split`, else `above`; in all other cases `below` is the one answer.

    `drawn_for` says whose draw it is, so that two decisions by one draw can be told from two draws. `status`: with
    which one Banyan refuses it, as no route takes it (404, 405), or two would (400); 0: a route takes it.
    """

    route: str
    reason: str
    below: Answerer
    above: Answerer
    split: float = 1.0
    draw: float | None = None
    drawn_for: tuple[str, str] = ("", "")
    status: int = 0

    @property
    def taker(self) -> str:
        """The route, or in brackets the status of the refusal."""
        return f"({self.status})" if self.status else self.route

    @property
    def is_certain(self) -> bool:
        """Whether there is one answer."""
        return self.below == self.above or self.split in (0.0, 1.0)

    def at(self, number: float) -> Answerer:
        """The answer if this were the draw."""
        return self.below if number < self.split else self.above


class Replay:
    """One table, and where its routes run; `places` by route, the file's own where there is none."""

    def __init__(
        self,
        table: RouteTable,
        upstreams: Mapping[str, Upstream],
        places: Mapping[str, Place] | None = None,
        *,
        killed: bool = False,
    ) -> None:
        """`places` by route name; the table is veiled once. `killed`: as if the kill switch were on."""
        there = places or {}
        self.routes = tuple(
            placed(route, there[route.name]) if route.name in there and route.respond is None else route
            for route in table.routes
        )
        self._table = RouteTable(veiled(replace(each, index=at)) for at, each in enumerate(self.routes))
        self._upstreams = upstreams
        self._is_killed = killed
        self._named = {route.name: route for route in self.routes}

    def decide(self, request: RememberedRequest) -> Again:
        """Who would answer this request by this table."""
        head = head_of(request)
        found = self._table.match(head)
        if not isinstance(found, Route) and request.route:  # the leniency that let it in is taken to do so again
            found = self._table.by_raw_path(head) or found
        if not isinstance(found, Route):
            own = Answerer(SELF)
            return Again(route=UNMATCHED, reason="refused", below=own, above=own, status=refusal_of(found))
        return self._decide(found, head, request)

    def taker(self, route: Route, example: bytes) -> Route | int:
        """Who takes a request for this path, as `route` takes it where it asks for nothing else; or the refusal."""
        method = min(route.methods or (b"GET",))
        found = self._table.match(RequestHead(method, example, example, b"", 1))
        return found if isinstance(found, Route) else refusal_of(found)

    def happened(self, request: RememberedRequest) -> Again:
        """Who was decided on when it came; a fallback that stepped in changes nothing about that."""
        route = self._named.get(request.route)
        side = None if request.serve == SELF else Side(request.serve)
        only = Answerer(request.serve) if route is None else self._answerer(route, side)
        return Again(route=request.route or UNMATCHED, reason=request.reason, below=only, above=only, draw=request.draw)

    def _decide(self, route: Route, head: RequestHead, request: RememberedRequest) -> Again:
        is_exception = request.reason in _EXCEPTIONS and request.route in (route.name, route.was)
        killed = self._killed(route, is_exception=is_exception)
        if killed is not None:
            return self._one(route, killed)
        if is_exception:
            same = self._answerer(route, Side(request.serve))
            return Again(route=route.name, reason=request.reason, below=same, above=same)
        certain = settled(route)
        if certain is not None:
            return self._one(route, certain)
        number = _draw_again(route, head, request)
        if number is not None:
            return replace(self._one(route, decide_at(route, number, None)), draw=number, drawn_for=_whose(route))
        low, high = decide_at(route, 0.0, None), decide_at(route, _ALMOST_ONE, None)
        return Again(
            route=route.name,
            reason="drawn_anew",
            below=self._answerer(route, low.serve),
            above=self._answerer(route, high.serve),
            split=route.split,
            drawn_for=_whose(route),
        )

    def _killed(self, route: Route, *, is_exception: bool) -> Decision | None:
        """What the kill switch decides, if it is on; at legacy it has pins to switch off (`placement.as_killed`)."""
        if not self._is_killed:
            return None
        there = placed(route, SHADOW) if is_exception and route.stage is LEGACY.stage else route
        return decide_killed(there, has_legacy=route.legacy in self._upstreams)

    def _one(self, route: Route, decision: Decision) -> Again:
        only = self._answerer(route, decision.serve)
        return Again(route=route.name, reason=decision.reason.value, below=only, above=only)

    def _answerer(self, route: Route, side: Side | None) -> Answerer:
        if side is None:
            return Answerer(SELF)
        upstream = self._upstreams.get(route.upstream(side))
        return Answerer(side.value, "" if upstream is None else upstream.where)


def refusal_of(miss: Miss) -> int:
    """The status with which Banyan answers what no route takes."""
    return 400 if miss.ambiguous else 405 if miss.methods else 404


def _whose(route: Route) -> tuple[str, str]:
    return drawn_for(route), sources_text(route)


def _draw_again(route: Route, head: RequestHead, request: RememberedRequest) -> float | None:
    """The draw that this request has on this route; None where that cannot be known from what is remembered."""
    if (request.drawn_for, request.sources) == _whose(route):
        return draw_of(request.cohort)
    if all(source.kind is SourceKind.PATH for source in route.cohort):
        found = present_cohort(route.cohort, head, b"")
        return None if found is None else draw(route.salt, found[0].prefix + found[1])
    return None


def moved(before: Again, after: Again) -> float:
    """The chance that another side or address answers, 0 or 1 where both are certain."""
    if before.drawn_for == after.drawn_for:
        marks = sorted({0.0, before.split, after.split, 1.0})
        return sum(high - low for low, high in pairwise(marks) if before.at(low) != after.at(low))
    same = 0.0
    for answer, chance in _chances(before):
        same += sum(chance * other for each, other in _chances(after) if each == answer)
    return 1.0 - same


def _chances(again: Again) -> tuple[tuple[Answerer, float], ...]:
    return (again.below, again.split), (again.above, 1.0 - again.split)
