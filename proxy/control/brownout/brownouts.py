"""Brown-outs as control runs them: their beginning, whom they meet, and their end, each on record.

  1 begin    what is on record of one that stands in routes.yaml; where nothing is, its beginning
  2 meet     each client that it meets for the first time
  3 end      at its time, by the kill switch, at the first alarm of its route, or with its block in routes.yaml

Rule 1: whoever finds a reason ends it for all replicas, by a pin that stands for its end until its time is over.
        Workers here hear of it first: the store is not waited for.
Rule 2: one that was ended stays so until its block says something else, which is another brown-out.
Rule 3: its end at its time is nobody's order: workers know the time. It is recorded once, whoever does it.
Rule 4: an alarm is one of the route's judge, or what clients do behind calls that went without (`core/brownout`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import structlog

from proxy.control.brownout.brownout_state import BrownoutEnd, BrownoutState
from proxy.control.position.mover import PATIENCE
from proxy.control.position.record_writer import RecordWriter
from proxy.control.position.standing_here import StandingHere
from proxy.core.brownout.brownout_policy import BrownoutPolicy, brownout_of
from proxy.core.outcome import Side
from proxy.core.position.record import OrderKind, OrderRecord
from proxy.core.position.standing import Pin, ended_as
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.link.messages import Report
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.positions import PositionStore

EVERY = 1.0
LOOKED_AT = 1000
"""Orders of a route, newest first, among which its own are looked for."""
FILE = "routes.yaml"
ACTOR = "brown-out"
KILLED = "the kill switch was turned on"
OVER = "its time is over"
TAKEN_OUT = "its block in routes.yaml is gone, or says something else"
_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Brownouts:
    """Of one replica. `alarm` says of a route what its judge has against it since a time, or is empty."""

    running: Callable[[], Snapshot]
    here: StandingHere
    store: PositionStore
    records: RecordWriter
    look: Callable[[], Awaitable[object]]
    """Whoever reads what stands anew."""
    killed: Callable[[], KillSwitchOrder | None]
    alarm: Callable[[Route, float], str]
    order: KillSwitchOrder | None = None
    """The last one that turned the kill switch on, until a round has met it."""
    states: dict[tuple[str, str], BrownoutState] = field(default_factory=dict)

    def hear(self, report: Report) -> None:
        """What one worker has met."""
        self._follow()
        for delta in report.brownouts:
            state = self.states.get((delta.route, delta.id))
            if state is not None:
                state.fold(delta, self.here.clock())

    def kill(self, order: KillSwitchOrder) -> None:
        """The switch was turned on, for however short a time."""
        self.order = order

    def of(self, route: Route) -> BrownoutState | None:
        """That of a route, if it has one."""
        policy = brownout_of(route.steps)
        return None if policy is None else self.states.get((route.name, policy.id))

    async def run(self) -> None:
        """A round a second, for ever."""
        while True:
            await self.round()
            await asyncio.sleep(EVERY)

    async def round(self) -> None:
        """The three steps of each."""
        self._follow()
        order, self.order = self.order or self.killed(), None
        for route, _ in self._written():
            state = self.of(route)
            if state is not None and await self._begin(state):
                self._meet(state)
                await self._end(route, state, order)

    # -- 1 ------------------------------------------------------------------------------------------------------------

    def _written(self) -> Iterator[tuple[Route, BrownoutPolicy]]:
        for route in self.running().routes:
            policy = brownout_of(route.steps) if route.steps else None
            if policy is not None:
                yield route, policy

    def _follow(self) -> None:
        """What the present table has; what it has no more is over."""
        there = {(route.name, policy.id): policy for route, policy in self._written()}
        for key in [key for key in self.states if key not in there]:
            gone = self.states.pop(key)
            if gone.end is None and gone.begun is not None and self.here.clock() < gone.policy.until:
                self._record_end(gone, BrownoutEnd(at=self.here.clock(), by=FILE, reason=TAKEN_OUT))
        for key, policy in there.items():
            if key not in self.states:
                self.states[key] = BrownoutState(route=key[0], policy=policy, seen=self.here.clock())

    async def _begin(self, state: BrownoutState) -> bool:
        """Whether it is known since when it runs; the store may be away."""
        if state.begun is not None:
            return True
        try:
            async with asyncio.timeout(PATIENCE):
                state.recall(await self.store.orders(state.route, LOOKED_AT))
        except (StoreUnavailable, TimeoutError):
            return False
        if state.begun is None:
            state.begun = state.seen
            self._record(state, OrderKind.BROWNOUT, FILE, state.begun, state.policy.sentence)
        return True

    # -- 2 ------------------------------------------------------------------------------------------------------------

    def _meet(self, state: BrownoutState) -> None:
        """Not more than the writer has room for."""
        if self.records.is_behind:
            return
        told, state.untold = state.untold[:50], state.untold[50:]
        for client in told:
            reason = f"the first of its calls of which {state.policy.what}"
            at = state.found[client]
            kind, route = OrderKind.FOUND, state.route
            self.records.put(OrderRecord(route=route, kind=kind, actor=ACTOR, at=at, reason=reason, cohort=client))

    # -- 3 ------------------------------------------------------------------------------------------------------------

    async def _end(self, route: Route, state: BrownoutState, order: KillSwitchOrder | None) -> None:
        if state.end is None:
            state.end = self._ended_by_order(state)
        if state.end is None and (end := self._reason(route, state, order)) is not None:
            state.end = end
            if end.reason == OVER:
                self._record_end(state, end)
            else:
                self._order_end(state, end)
        if state.unwritten is not None:
            await self._write(state, state.unwritten)

    def _ended_by_order(self, state: BrownoutState) -> BrownoutEnd | None:
        """By another replica, or before this process."""
        pins = (pin for pin in self.here.pins(state.route) if pin.cohort == ended_as(state.policy.id))
        return next((BrownoutEnd(at=pin.since, by=pin.by, reason=pin.reason) for pin in pins), None)

    def _reason(self, route: Route, state: BrownoutState, order: KillSwitchOrder | None) -> BrownoutEnd | None:
        now, policy = self.here.clock(), state.policy
        if now >= policy.until:
            return BrownoutEnd(at=policy.until, by=FILE, reason=OVER)
        if order is not None:
            return BrownoutEnd(at=now, by=order.by or "kill file", reason=KILLED)
        reason = state.aftermath.alarm or self.alarm(route, state.begun or now)
        return BrownoutEnd(at=now, by=f"judge at {self.here.instance}", reason=reason) if reason else None

    def _order_end(self, state: BrownoutState, end: BrownoutEnd) -> None:
        """Rule 1."""
        _log.warning("brownout_ended", route=state.route, by=end.by, reason=end.reason)
        self.here.end_brownout(state.route, state.policy.id)
        state.unwritten = Pin(
            route=state.route,
            cohort=ended_as(state.policy.id),
            side=Side.LEGACY,
            by=end.by,
            since=end.at,
            until=state.policy.until,
            reason=end.reason,
        )

    async def _write(self, state: BrownoutState, pin: Pin) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self.store.set_pin(pin)
        except (StoreUnavailable, StoreRefused, TimeoutError):
            return
        state.unwritten = None
        await self.look()

    def _record_end(self, state: BrownoutState, end: BrownoutEnd) -> None:
        """Rule 3."""
        self._record(state, OrderKind.UNBROWN, end.by, end.at, end.reason)

    def _record(self, state: BrownoutState, kind: OrderKind, actor: str, at: float, reason: str) -> None:
        self.records.put(
            OrderRecord(
                route=state.route,
                kind=kind,
                actor=actor,
                at=at,
                reason=reason,
                cohort=state.policy.id,
                until=state.policy.until if kind is OrderKind.BROWNOUT else None,
            )
        )
