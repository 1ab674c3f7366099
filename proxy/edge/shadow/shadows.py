"""The shadows of one worker: which requests get one, and the limits that keep them from ever being felt.

Rule 1: what a shadow takes is bounded: by its upstream's concurrency, the captures' memory, its own deadline, its own
        connections and its own breaker. Beyond a bound it is shed, and counted.
Rule 2: while nobody compares, while memory is short, while the kill switch is on and while the worker drains, there are
        none.
Rule 3: while one of both sides is closed, there are none on that route.
Rule 4: a write is shadowed only while every endpoint of the new side has lately said that it can dry-run; a side that
        then answers a write without saying so is believed no more until the table changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import random
from time import monotonic, time
from typing import TYPE_CHECKING, Protocol

import structlog

from proxy.core.http.forwarded import is_trusted
from proxy.core.http.via import line_of, was_shadowed
from proxy.core.outcome import Side
from proxy.core.parity.pair import BREAKER_OPEN, SHED
from proxy.core.routing.route import BreakerPolicy
from proxy.core.routing.sample import is_sampled
from proxy.core.routing.shadow import (
    ACCEPTED,
    DRY_RUN_NAME,
    HANDSHAKE_LASTS,
    MARKER,
    MEMORY,
    SECONDS_FIRST,
    Shadowed,
    ShadowPolicy,
    is_safe,
    shadow_side,
)
from proxy.core.routing.shadow_headers import copy_lines
from proxy.core.routing.split import draw_of
from proxy.edge.instance import NOWHERE, Here
from proxy.edge.routing.byte_allowance import ByteAllowance
from proxy.edge.routing.identity import cohort_hash, cohort_key
from proxy.edge.shadow.capture import FIXED, Capture
from proxy.edge.shadow.captured_body import CapturedBody
from proxy.edge.shadow.leg import ShadowLeg
from proxy.edge.shadow.overlapping_writes import WritesInFlight, WriteTap, places_of
from proxy.edge.upstream.pool import Pool
from proxy.edge.upstream.pools_by_host import pool_of

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.routing.route import Upstream
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.bound_table import BoundRoute, Leg
    from proxy.edge.routing.request import Request
    from proxy.edge.tally import Counters
    from proxy.edge.translator.translator_link import Translator
    from proxy.names.resolver import Resolver
    from proxy.tasks import Tasks

IN_VAIN = 8.0
"""Answers of `max_body` that a route's shadows may read for nothing; one more each second."""
_KEY = b"idempotency-key"
_MARK = MARKER.partition(b":")[0].lower() + b":"
Work = Callable[[], None]


class PairSink(Protocol):
    """The comparer's socket: takes frames of `proxy.link.pairs`, never waits, and says no when it is full."""

    @property
    def ready(self) -> bool:
        """Whether somebody compares; while nobody does, no shadow is worth its work."""

    def offer(self, frame: bytes) -> bool:
        """Take a frame; False: there is no room, and it is lost."""


class Shadows:
    """`recorder` takes the pairs; None: nobody does. `is_short`: memory is. Without `pools` no route has a shadow."""

    def __init__(self, counters: Counters, soon: Callable[[Work], None], translator: Translator) -> None:
        """`soon` runs work from a fresh stack; `translator` translates what is too long for the worker."""
        self.recorder: PairSink | None = None
        self.is_short = False
        self.room = ByteAllowance(MEMORY)
        self.soon = soon
        self.translator = translator
        self.pools: dict[str, Pool] = {}
        self.writes = WritesInFlight()
        self._counters = counters
        self._flying: dict[str, set[ShadowLeg]] = {}
        self._twice: dict[str, int] = {}
        self._rests: dict[str, float] = {}
        self._accepted: dict[tuple[str, str], float] = {}
        self._distrusted: set[str] = set()
        self._closed = False

    # -- which requests get one ---------------------------------------------------------------------------------------

    def watch(self, request: Request) -> None:
        """Let its taps watch a request of a table in which any route is shadowed, if it is to be seen."""
        head, bound = request.head, request.bound
        is_write = (head.method != b"GET" or bound.route.effects is not None) and not _is_safe(bound, head)
        if is_write:
            places = places_of(head.path, cohort_key(head, request.peer, request.live.snapshot, bound))
            request.watch(WriteTap(self.writes, places))
        if bound.shadow is not None and _is_sampled(request):
            self._capture(request, bound.shadow, safe=not is_write)

    def pass_over(self, bound: BoundRoute) -> None:
        """A request that may become a tunnel has no shadow; the judge has to know of it all the same."""
        if bound.shadow is not None and _is_drawn(bound.sample):
            self._counters.shadowed(bound.route.name, Shadowed.SKIPPED)

    def _capture(self, request: Request, policy: ShadowPolicy, *, safe: bool) -> None:
        """`safe`: it may be asked of both sides without a dry run."""
        head, bound, leg = request.head, request.bound, request.leg
        route = bound.route
        has_key = head.first(_KEY) is not None
        side = shadow_side(policy, route.stage, route.effects, leg.side, head.method, has_key=has_key)
        if side is None:
            self._counters.shadowed(route.name, Shadowed.SKIPPED)
            return
        copied = copy_lines(policy, head.lines)
        outcome = _closed(bound, leg.side, side) or self._refuses(request)
        if outcome is None and not safe and (copied.conditional or not self._is_proven(bound.new)):
            outcome = Shadowed.SKIPPED
        if outcome is None and not self.room.take(FIXED):
            outcome = Shadowed.SHED
        if outcome is not None:
            self._counters.shadowed(route.name, outcome)
            return
        head.bear(line_of(bound.entry, head.passed, shadowed=True))
        request.decision = request.decision._replace(shadow=side)
        request.watch(Capture(self, request, policy, side, copied, dry_run=not safe))

    def _refuses(self, request: Request) -> Shadowed | None:
        """Rule 2, and requests that are no use to another side: bound to their connection, or shadows themselves."""
        head = request.head
        if self._closed or request.live.switch.on or head.binds or _is_shadow(request):
            return Shadowed.SKIPPED
        if self.recorder is None or not self.recorder.ready or self.is_short:
            return Shadowed.SHED
        return None

    def asks_twice(self, route: str, policy: ShadowPolicy) -> bool:
        """Whether this request, which may, asks legacy twice: at first always, then the policy's share."""
        asked = self._twice.get(route, 0)
        if not policy.second or (asked >= SECONDS_FIRST and random() >= policy.second):  # noqa: S311
            return False
        self._twice[route] = asked + 1
        return True

    # -- what captures do ---------------------------------------------------------------------------------------------

    def leg(self, capture: Capture, leg: Leg, policy: ShadowPolicy) -> ShadowLeg | str:
        """Another leg for this request, or why there is none: a bound was met, or the upstream's breaker is open."""
        name = leg.pool.upstream.name
        pool = self.pools.get(name)
        flying = self._flying.setdefault(name, set())
        if pool is None or self._closed or self.is_short or capture.table.switch.on:
            return SHED
        if len(flying) >= policy.concurrency:
            return SHED
        credential = leg.pool.credential
        if credential is not None and not credential.is_good(time()):
            return SHED
        now = monotonic()
        if self._rests.get(capture.bound.route.name, 0.0) - now > IN_VAIN:
            return SHED
        kept = CapturedBody(self.room, policy.max_body)
        made = ShadowLeg(leg, pool, capture.head.host, capture.table.responses, kept, capture)
        if pool.rests(made, now):
            return BREAKER_OPEN
        flying.add(made)
        return made

    def release(self, leg: ShadowLeg) -> None:
        """This leg no longer counts against its upstream's concurrency."""
        self._flying.get(leg.leg.pool.upstream.name, set()).discard(leg)

    def in_vain(self, capture: Capture, size: int) -> None:
        """So many bytes were read of an answer that is too large to be compared."""
        name, now = capture.bound.route.name, monotonic()
        self._rests[name] = max(self._rests.get(name, 0.0), now) + size / max(capture.policy.max_body, 1)

    def echoed(self, capture: Capture, side: Side, *, heard: bool) -> None:
        """Whether a side has said whom it saw, of a caller who is known."""
        self._counters.echoed(capture.bound.route.name, side, heard=heard)

    def offer(self, frame: bytes) -> bool:
        """Hand a pair over; False: it is lost."""
        return self.recorder is not None and self.recorder.offer(frame)

    def ended(self, capture: Capture, outcome: Shadowed) -> None:
        """A capture has come to its end; how legacy answered it is a sign of how legacy is."""
        name = capture.bound.route.name
        self._counters.shadowed(name, outcome)
        failed = capture.legacy_failed
        if failed is not None:
            self._counters.legacy_shadowed(name, failed=failed)

    def heard(self, shadow: ShadowLeg) -> None:
        """A dry run was answered: rule 4."""
        name = shadow.leg.pool.upstream.name
        if shadow.kept.value(DRY_RUN_NAME).lower() != ACCEPTED and name not in self._distrusted:
            self._distrusted.add(name)
            hint = "it may have done what it was asked; no more writes go there before the next table"
            structlog.get_logger().error("dry_run_not_confirmed", upstream=name, hint=hint)

    def _is_proven(self, leg: Leg | None) -> bool:
        """Rule 4."""
        upstream = None if leg is None else leg.pool.upstream
        if upstream is None or not upstream.dry_run or upstream.name in self._distrusted:
            return False
        now = monotonic()
        return all(self._accepted.get((upstream.name, endpoint.text), 0.0) > now for endpoint in upstream.endpoints)

    # -- what the worker does -----------------------------------------------------------------------------------------

    def hear(self, upstream: str, endpoint: str, *, accepts: bool) -> None:
        """What control's probe for dry runs has found."""
        self._accepted[upstream, endpoint] = monotonic() + HANDSHAKE_LASTS if accepts else 0.0

    def adopt(self, pools: dict[str, Pool], memory: int) -> None:
        """Go by this table from now on."""
        for name, pool in self.pools.items():
            if pools.get(name) is not pool:
                pool.retire()
        self.pools = pools
        self.room.most = memory
        self._distrusted.clear()
        self._rests.clear()

    def sweep(self, now: float) -> None:
        """Cut what is overdue, and look after the connections."""
        for flying in self._flying.values():
            for leg in [leg for leg in flying if leg.deadline < now]:
                leg.expire()
        for pool in self.pools.values():
            pool.sweep(now)

    def cut(self) -> None:
        """End all that run, at once: killed, or short of memory."""
        for flying in self._flying.values():
            for leg in tuple(flying):
                leg.cut(SHED)

    def close(self) -> None:
        """The worker ends: there will be none any more."""
        self._closed = True
        self.cut()
        for pool in self.pools.values():
            pool.retire()


def shadow_pools(
    snapshot: Snapshot, before: Mapping[str, Pool], tasks: Tasks, names: Resolver, here: Here = NOWHERE
) -> dict[str, Pool]:
    """A pool for each upstream that shadows may be sent to; one that stays as it is keeps its connections."""
    most: dict[str, int] = {}
    for route in snapshot.routes:
        if route.shadow is not None:
            for name in (route.legacy, route.new):
                most[name] = max(most.get(name, 0), route.shadow.concurrency)
    wanted = [_for_shadows(snapshot.upstreams[name], most[name]) for name in most if name in snapshot.upstreams]
    known = {upstream.name: before.get(upstream.name) for upstream in wanted}
    return {
        upstream.name: old
        if (old := known[upstream.name]) is not None and old.upstream == upstream
        else pool_of(upstream, tasks, names, here)
        for upstream in wanted
    }


def _for_shadows(upstream: Upstream, concurrency: int) -> Upstream:
    """The same upstream with bounds of its own: nobody queues, and there is always a breaker."""
    return replace(upstream, connections=concurrency, queue=0, breaker=upstream.breaker or BreakerPolicy())


def _is_drawn(share: float) -> bool:
    return share >= 1.0 or random() < share  # noqa: S311 -- chance, not secrecy


def _is_sampled(request: Request) -> bool:
    """The draw of a canary stands for the cohort; where none was made, as at `live`, it is made for this."""
    bound, head = request.bound, request.head
    share = bound.sample if request.leg.side is Side.LEGACY else bound.answered_sample
    if share >= 1.0:
        return True
    draw = request.decision.draw
    if draw is None:
        draw = draw_of(cohort_hash(head, request.peer, request.live.snapshot, bound))
    question = head.method + head.target  # a target begins with no letter
    return is_sampled(share, random(), question, draw, bound.salt, time())  # noqa: S311 -- chance, not secrecy


def _closed(bound: BoundRoute, *sides: Side) -> Shadowed | None:
    """Rule 3."""
    hours = bound.hours
    if hours is None:
        return None
    now = time()
    return Shadowed.CLOSED if any(hours.closing(side, now) is not None for side in sides) else None


def _is_safe(bound: BoundRoute, head: RequestHead) -> bool:
    return is_safe(bound.route.effects, head.method, has_key=head.first(_KEY) is not None)


def _is_shadow(request: Request) -> bool:
    """Whether it came through a Banyan as a shadow, or a trusted peer says so."""
    head = request.head
    if was_shadowed(head.passed):
        return True
    marked = any(line[: len(_MARK)].lower() == _MARK for line in head.managed)
    return marked and is_trusted(request.peer.decode("ascii"), request.live.snapshot.trusted)
