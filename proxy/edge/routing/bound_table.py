"""A snapshot made ready to serve: every route bound to its pools, timeouts and counters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from proxy.core.http.response import ResponseReader
from proxy.core.http.via import entry_of, line_of
from proxy.core.outcome import SERVED_BY_SIDE, ServedBy, Side
from proxy.core.routing.decide import Decision, settled
from proxy.core.routing.effects import Effects
from proxy.core.routing.kill_switch import decide_killed
from proxy.core.routing.operation import Operations
from proxy.core.routing.placement import as_killed
from proxy.core.routing.route import Expectation, HostMode, Route, Timeouts
from proxy.core.routing.shadow import ShadowPolicy, is_shadowed, sample_of
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.split_exceptions import SplitExceptions, exceptions_of
from proxy.core.translation.adapter_policy import adapter_of
from proxy.edge.instance import NOWHERE, Here
from proxy.edge.principal.principal_tokens import PrincipalTokens
from proxy.edge.routing.drain_memory import DrainMemory
from proxy.edge.routing.kill_switch import WorkerKillSwitch
from proxy.edge.routing.lenient_requests import LenientRequests
from proxy.edge.routing.side_hours import RouteHours
from proxy.edge.routing.step import AdmissionStep
from proxy.edge.routing.stickiness import Ties
from proxy.edge.tally import AnswerTally, Counters, Gauge
from proxy.edge.upstream.pool import Pool

UNMATCHED = "(unmatched)"
REFUSED = "(refused)"
"""Names that stand for a route in metrics and log where there is none; a real name cannot hold a parenthesis."""
NO_PINS: Mapping[bytes, Side] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One side of one route, ready to be asked. `host_line` replaces `Host`; `authority` is the upstream's own name;
    `expects`: it says itself whether a client is to send the body that it waits with.
    """

    side: Side
    name: str
    pool: Pool
    timeouts: Timeouts
    tally: AnswerTally
    gauge: Gauge
    host_line: bytes
    rewrites: bool
    authority: bytes
    expects: bool = False


class BoundRoute:
    """A route with what it needs at hand; `decision` is `settled`, or `killed` while the kill switch moves it.

    `said` is the route as the table has it, `route` as it runs by order (`edge/routing/orders.py`), `ordered` whether
    there is one. `there` are the sides that have an upstream; `exceptions` None: it has none. `lately`: cohorts that
    new has served; `slow`: seconds above which an answer is a bad event, 0 for none; `shadow` None: no request of it is
    shadowed where it runs now; `sample`: the share of requests that may be; `raised`: what was ordered of it, or 0;
    `answered_sample`: the share of those that new answers. `step`, `begun` and `addresses` go onto every pair.
    `admission`: the steps before its requests (`step.py`); `hours`: when its sides are closed. `operations` names what
    its requests ask for; `takes_rest`: its pattern ends in `**`; `troubled`: until when new's good answers are looked
    at, too (`account/guard_events.py`). `ended` are brown-outs that are over by order, by their ids.
    `adapter`: how messages are translated for the side that clients do not speak to, None: they are not. `entry` is the
    route's own in the mark of requests that pass, `mark` the whole line of one that passes here first
    (`core/http/via.py`).
    """

    __slots__ = (
        *("admission", "body_limit", "decision", "exceptions", "holds", "killed", "lately", "legacy", "new", "own"),
        *("adapter", "addresses", "answered_sample", "begun", "choosers", "entry", "hours", "mark", "operations"),
        *("ordered", "raised", "route", "said", "salt", "sample", "settled", "shadow", "slow", "step", "there"),
        *("ended", "takes_rest", "troubled"),
    )

    def __init__(
        self,
        route: Route,
        legs: Mapping[Side, Leg],
        own: AnswerTally,
        body_limit: int,
        *,
        choosers: bool = False,
        instance: int = NOWHERE.instance,
    ) -> None:
        """`own` counts what Banyan answers itself on this route; `choosers`: some clients may choose a side."""
        self.route = route
        self.said = route
        self.entry = entry_of(instance, route.name)
        self.mark = line_of(self.entry)
        self.lately = DrainMemory()
        self.adapter = adapter_of(route.steps)
        self.admission: tuple[AdmissionStep[Any], ...] = ()  # of a `Request`, which this file cannot import
        self.hours: RouteHours | None = None
        self.ended: frozenset[str] = frozenset()
        self.takes_rest = route.pattern.takes_rest
        self.slow = 0.0
        self.troubled = 0.0
        self.ordered = False
        self.step = self.begun = 0
        self.addresses = ""
        self.salt = route.salt
        self.legacy = legs.get(Side.LEGACY)
        self.new = legs.get(Side.NEW)
        self.there = frozenset(legs)
        self.choosers = choosers
        self.exceptions: SplitExceptions | None = exceptions_of(route, self.there, NO_PINS, None, choosers=choosers)
        self.settled = settled(route) if self.exceptions is None else None
        self.decision: Decision | None = self.settled
        self.killed = decide_killed(as_killed(route, self.exceptions), has_legacy=self.legacy is not None)
        self.own = own
        self.operations = Operations(route.name, route.pattern)
        self.body_limit = body_limit
        self.holds = route.effects not in (None, Effects.UNSAFE)
        self.shadow: ShadowPolicy | None = None
        self.sample = self.answered_sample = 0.0
        self.raised = 0.0
        self.follow_stage()

    def follow_stage(self) -> None:
        """What depends on where the route runs now."""
        both = self.legacy is not None and self.new is not None
        route = self.route
        shadows = both and route.respond is None and is_shadowed(route.shadow, route.stage)
        self.shadow = route.shadow if shadows else None
        self.sample = self.answered_sample = 0.0
        if self.shadow is not None:
            at = (self.shadow, route.stage, route.split)
            self.sample = sample_of(*at, Side.LEGACY, self.raised)
            self.answered_sample = sample_of(*at, Side.NEW, self.raised)


class Live:
    """What the data plane serves from; replaced whole by a reload, kept by the requests that began with it.

    `tokens` None: upstreams are sent no token of who calls.
    """

    def __init__(self, snapshot: Snapshot, pools: Mapping[str, Pool], counters: Counters, here: Here = NOWHERE) -> None:
        """`pools` by upstream name."""
        self.snapshot = snapshot
        self._instance = here.instance
        self.table = snapshot.table
        self.switch = WorkerKillSwitch()  # that of the worker, once the table is adopted
        self.ties: Ties | None = None  # given by the worker, too
        self.standing = 0  # the version of the standing that it obeys (`orders.py`), for as long as it is the newest
        self.successor: Live | None = None  # what has replaced it
        self.claims: Callable[[Any], Mapping[str, Any] | None] | None = None  # of a `Request`; given likewise
        self.claims_read = snapshot.claims_read
        self.reader = snapshot.reader()
        self.forgiven = snapshot.forgiven
        self.forgiving = LenientRequests(snapshot) if self.forgiven else None
        self.responses = ResponseReader()
        signed = snapshot.principal.signed
        self.tokens = None if signed is None else PrincipalTokens(signed)
        self.bound = [self._bind(route, pools, counters) for route in snapshot.routes]
        self.unmatched = counters.tally(UNMATCHED, ServedBy.SELF)
        self.refused = counters.tally(REFUSED, ServedBy.SELF)

    @property
    def newest(self) -> Live:
        """What the data plane serves from now."""
        live = self
        while live.successor is not None:
            live = live.successor
        return live

    def same_route(self, bound: BoundRoute) -> BoundRoute | None:
        """The route of an older table as it is in this one, renamed or not; None: it is gone, or draws otherwise."""
        old = bound.route
        for each in self.bound:
            if each.route.origin == old.origin and each.salt == bound.salt and each.route.cohort == old.cohort:
                return each
        return None

    def _bind(self, route: Route, pools: Mapping[str, Pool], counters: Counters) -> BoundRoute:
        legs = {
            side: _leg(route, side, pools[route.upstream(side)], counters)
            for side in Side
            if route.upstream(side) in pools
        }
        limit = route.body_limit or self.snapshot.limits.body_size
        own = counters.tally(route.name, ServedBy.SELF)
        choosers = bool(self.snapshot.choosers)
        bound = BoundRoute(route, legs, own, limit, choosers=choosers, instance=self._instance)
        bound.addresses = self.snapshot.addresses(route)
        return bound


def _leg(route: Route, side: Side, pool: Pool, counters: Counters) -> Leg:
    served_by = SERVED_BY_SIDE[side]
    authority = pool.upstream.authority.encode("ascii")
    return Leg(
        side=side,
        name=side.value,
        pool=pool,
        timeouts=route.timeouts or pool.upstream.timeouts,
        tally=counters.tally(route.name, served_by),
        gauge=counters.inflight[served_by],
        host_line=b"Host: " + authority if pool.upstream.host_mode is HostMode.UPSTREAM else b"",
        rewrites=pool.upstream.host_mode is HostMode.UPSTREAM,
        authority=authority,
        expects=pool.upstream.expectation is Expectation.FORWARD,
    )
