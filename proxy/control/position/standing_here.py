"""What this replica obeys, and what it has told its workers.

Rule 1: what stands in the store is obeyed by everybody. Moves made here while the store was away come before it until
        they are written (`Mover`); nothing else does.
Rule 2: every change goes to the workers at once, and to this replica's disk, so that neither a restart nor a dead store
        changes what runs.
Rule 3: a route without a position, pin or other order runs as routes.yaml says.
Rule 4: until the store has said it once, unless the disk has it, it is not `known` where routes stand: workers send
        to legacy what legacy can answer (`core/routing/placement.py`, rule 3).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog
from msgspec import structs

from proxy.control.fleet.links import Links
from proxy.control.position.orders_for_workers import StandingByRoute, pins_now, route_orders
from proxy.control.position.standing_file import (
    NOTHING,
    Pending,
    SaidPlace,
    StandingFile,
    file_called,
    lives_in_memory,
    pending_called,
    written,
)
from proxy.control.running import Running
from proxy.control.traffic.slow_threshold import slow_above
from proxy.core.auth.suspension import Suspension
from proxy.core.journal.moving import written_scopes
from proxy.core.position.ladder import LEGACY, Place
from proxy.core.position.position import Position, Transition, reconcile
from proxy.core.position.record import OrderRecord
from proxy.core.position.standing import Pin, Standing
from proxy.core.routing.placement import is_possible, place_of, waits
from proxy.core.routing.route import Route
from proxy.core.routing.state_names import Origins, all_called
from proxy.core.stage import Stage
from proxy.link.messages import Orders

KEEPS_OUT = 30.0
"""Seconds for which a replica that does not know where routes stand is not ready: an outage must not keep it out."""
SLOW_EVERY = 60.0
MOVES_KEPT = 20
"""Of each route, so that a reason which stands is known though other moves came after it."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEdit:
    """routes.yaml says this place of a route, and it cannot be moved there yet; `why` is a sentence."""

    place: Place
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlace:
    """Where a route runs. `position` None: as the file says. `possible` False: an upstream for it is missing.

    `moves`: what led there, newest first, as far as they are known. `known` False: nobody has read where it stands, and
    legacy answers meanwhile. `edit_waits`: why it does not run yet as the file says, else empty.
    """

    place: Place
    position: Position | None = None
    moves: tuple[Transition, ...] = ()
    pins: tuple[Pin, ...] = ()
    possible: bool = True
    here: bool = False
    known: bool = True
    edit_waits: str = ""


class StandingHere:
    """One instance of Banyan among those that share a store."""

    def __init__(
        self,
        instance: str,
        running: Running,
        links: Links,
        clock: Callable[[], float],
        *,
        keep: Callable[[bytes], None] = lambda _: None,
        suspend: Callable[[Sequence[Suspension]], None] = lambda _: None,
        kept: StandingFile = NOTHING,
    ) -> None:
        """`kept` is what the disk had at the start; `keep` replaces it, and may be slow. `suspend` hears who is."""
        self.instance = instance
        self.clock = clock
        self._origins = running.origins
        self.kept = kept = file_called(kept, self._origins.name)
        self.known = kept.orders.known
        self.standing = Standing(
            version=kept.standing, positions=kept.positions, pins=kept.pins, suspensions=kept.suspensions
        )
        self.pending: dict[str, Pending] = {each.position.route: each for each in kept.pending}
        self.said = _places(kept.said)
        self.waiting: dict[str, WaitingEdit] = {}
        """By route; one that has been carried out since, or edited anew, waits no more."""
        self.moves: dict[str, tuple[Transition, ...]] = {}
        self.slow: Mapping[str, float] = {}
        self.samples: Mapping[str, float] = {}
        self.ended: Mapping[str, frozenset[str]] = {}
        """Brown-outs that this replica has ended, by route: they are over before the store knows."""
        self.changed: Callable[[], None] = lambda: None
        self._running = running
        self._links = links
        self._keep = keep
        self._suspend = suspend
        self._began = clock()
        self.evidence_since = self._began if self.keeps_record and kept.began else 0.0
        """When evidence began anew, in unix seconds, as a process before this one held it; 0: it did not."""
        self._version = secrets.randbits(48) + 1
        self.record: tuple[tuple[Transition, ...], tuple[OrderRecord, ...]] = kept.moves, kept.recorded
        """What a store in memory has recorded, newest first: moves, and other orders."""
        self._positions: dict[str, Position] = {}
        self._filed: dict[str, Position] = {}
        self._pins: dict[str, tuple[Pin, ...]] = {}
        self._orders = Orders(0, [], self.known)
        self._suspensions = kept.suspensions
        self._standing_of: tuple[int, int] = (0, 0)
        self._obeyed = 0
        if not self.known:
            _log.warning("standing_unknown", hint="legacy answers what it can until the state store has said it once")
        self.refresh()

    # -- what stands --------------------------------------------------------------------------------------------------

    @property
    def positions(self) -> Mapping[str, Position]:
        """By route; only those that have one."""
        return self._positions

    def position(self, route: Route) -> Position:
        """The route's position; one that nobody has written, with version 0, where the file alone rules."""
        found = self._positions.get(route.name)
        if found is not None:
            return found
        filed = self._filed.get(route.name)
        if filed is None or (filed.stage, filed.split) != (route.stage, route.split):
            filed = reconcile(None, route.stage, route.split, route=route.name, now=self._began)
            self._filed[route.name] = filed
        return filed

    @property
    def origins(self) -> Origins:
        """By which names it calls routes."""
        return self._origins

    def pins(self, route: str) -> tuple[Pin, ...]:
        """Those of one route that are not over."""
        return self._pins.get(route, ())

    def placed(self, route: Route) -> RoutePlace:
        """Where a route runs, and since which move."""
        if not self.known and waits(route, self._running.snapshot.upstreams):
            return RoutePlace(place=LEGACY, known=False)
        position = self._positions.get(route.name)
        place = place_of(route) if position is None else position.place
        possible = is_possible(route, place, self._running.snapshot.upstreams)
        return RoutePlace(
            place=place if possible else place_of(route),
            position=position,
            moves=self._led_to(route.name),
            pins=self.pins(route.name),
            possible=possible,
            here=route.name in self.pending,
            edit_waits=self.edit_waits(route),
        )

    def edit_waits(self, route: Route) -> str:
        """Why the present edit of a route is not carried out yet; empty: it is, or has not been tried."""
        position, waiting, said = self._positions.get(route.name), self.waiting.get(route.name), place_of(route)
        is_waiting = position is not None and waiting is not None and waiting.place == said != position.file_place
        return waiting.why if waiting is not None and is_waiting else ""

    def _led_to(self, route: str) -> tuple[Transition, ...]:
        """What was moved here came last, whatever the store has told of the moves before it."""
        moves, pending = self.moves.get(route, ()), self.pending.get(route)
        if pending is None or moves[:1] == (pending.transition,):
            return moves
        return pending.transition, *moves

    def take(self, standing: Standing) -> None:
        """The store says this now."""
        if standing.version < self.standing.version and not self.keeps_record:  # one in memory counts anew each time
            hint = "the store has lost changes; where routes stand is given back to it from this replica's disk"
            _log.warning("standing_went_back", was=self.standing.version, now=standing.version, hint=hint)
        self.standing = standing
        if not self.known:
            self.known = True
            _log.info("standing_known", version=standing.version, after=round(self.clock() - self._began, 3))
        self.refresh()

    @property
    def keeps_out(self) -> bool:
        """Whether clients should not be sent here yet: where routes stand is unknown, and has not been for long."""
        return not self.known and self.clock() - self._began < KEEPS_OUT

    def go_here(self, pending: Pending) -> None:
        """Move a route here, until the store is back; it may have been renamed while the store was asked."""
        route = pending.position.route
        name = self._origins.name(self._origins.origin(route)) or route
        self.pending[name] = pending_called(pending, name)
        self.refresh()

    def done_here(self, route: str) -> None:
        """The store has it, or has something newer."""
        pending = self.pending.pop(route, None)
        if pending is not None:
            self._note_written(pending)
            self.refresh()

    def _note_written(self, pending: Pending) -> None:
        """The store has the move under its own version; what was read of it meanwhile may end before that one."""
        made, moves = pending.position, self.moves.get(pending.position.route, ())
        stands = next((position for position in self.standing.positions if position.route == made.route), None)
        is_it = stands is not None and (stands.place, stands.since) == (made.place, made.since)
        if stands is not None and is_it and moves and moves[0].version == stands.version - 1:
            self.note(replace(pending.transition, version=stands.version))

    def note(self, record: Transition) -> None:
        """A move was made; those before it are kept where none is missing in between."""
        before = self.moves.get(record.route, ())
        follows = bool(before) and before[0].version == record.version - 1
        self.moves[record.route] = (record, *before)[:MOVES_KEPT] if follows else (record,)

    @property
    def keeps_record(self) -> bool:
        """Whether what the store has recorded is to be kept on this replica's disk."""
        return lives_in_memory(self.kept)

    def expire(self) -> None:
        """Pins whose time is over end now."""
        now = self.clock()
        if any(pin.until is not None and pin.until <= now for pins in self._pins.values() for pin in pins):
            self.refresh()

    # -- what is told -------------------------------------------------------------------------------------------------

    def rename(self) -> bool:
        """Call routes as the present table does; whether any is called otherwise than before."""
        before, self._origins = self._origins, self._running.origins
        if before == self._origins:
            return False

        def now(name: str) -> str | None:
            return self._origins.name(before.origin(name))

        self.kept = found = file_called(self.kept, now)
        self.standing = replace(self.standing, positions=found.positions, pins=found.pins)
        self.pending = {each.position.route: each for each in found.pending}
        self.said = _places(found.said)
        self.record = found.moves, found.recorded
        moves = (all_called(move, now) for move in self.moves.values())
        self.moves = {move[0].route: move for move in map(tuple, moves) if move}
        self.refresh()
        return True

    def follow(self, waiting: Container[str] = ()) -> None:
        """The present table's edits have been carried out, but for those routes that are `waiting`."""
        known, routes = self.said, self._running.snapshot.routes
        self.waiting = {route.name: self.waiting[route.name] for route in routes if route.name in self.waiting}
        self.said = {
            route.name: known[route.name] if route.name in waiting and route.name in known else place_of(route)
            for route in routes
        }
        self.refresh()

    def sample(self, samples: Mapping[str, float]) -> None:
        """The judge lets these shares be shadowed where routes.yaml says none."""
        if samples != self.samples:
            self.samples = samples
            self.refresh()

    def end_brownout(self, route: str, policy_id: str) -> None:
        """Workers are told at once that it is over."""
        self.ended = {**self.ended, route: self.ended.get(route, frozenset()) | {policy_id}}
        self.refresh()

    async def watch_slowness(self) -> None:
        """Work out once a minute above how many seconds an answer is slow on each route, for ever."""
        while True:
            await asyncio.sleep(SLOW_EVERY)
            slow = slow_above(self._running.snapshot.routes, self._links.ledger.counts().totals, self.slow)
            if slow != self.slow:
                self.slow = slow
                self.refresh()

    def refresh(self) -> None:
        """Tell the workers what stands, if it is something else than before."""
        self._suspend(self.standing.suspensions)
        suspended, self._suspensions = self._suspensions, self.standing.suspensions
        self._filed = {}
        self._positions = {position.route: position for position in self.standing.positions}
        self._positions |= {route: each.position for route, each in self.pending.items()}
        self._pins = pins_now(self.standing.pins, self.clock())
        slow = self.slow if self.known else {}  # else the file's place would be ordered with it
        samples = self.samples if self.known else {}
        stood = StandingByRoute(
            positions=self._positions, pins=self._pins, slow=slow, said=self.said, samples=samples, ended=self.ended
        )
        routes = route_orders(self._running.snapshot.routes, stood)
        written = written_scopes(self._running.snapshot.routes)
        told = Orders(self._orders.version, routes, self.known, self.standing.version if written else 0)
        changed = told != self._orders or suspended != self._suspensions
        if changed or not self._orders.version:  # who obeys them has heard of both
            self._version += 1
            self._orders = structs.replace(told, version=self._version)
            self._links.order(self._orders)
        self._standing_of = (self._orders.version, self.standing.version)
        self.heard()
        self._remember()
        self.changed()

    def heard(self) -> bool:
        """A worker has reported: whether that means that all obey a later version of the standing than before."""
        orders, standing = self._standing_of
        if standing == self._obeyed or not self._is_followed(orders):
            return False
        self._obeyed = standing
        return True

    @property
    def obeyed(self) -> int:
        """The version of the standing that every worker of this replica obeys."""
        return self._obeyed

    @property
    def followed(self) -> bool:
        """Whether every worker runs what was ordered last, moves made here included."""
        return self._is_followed(self._orders.version)

    def _is_followed(self, version: int) -> bool:
        workers = [worker for worker in self._links.ledger.workers if not worker.draining]
        return bool(workers) and all(worker.orders == version for worker in workers)

    def _remember(self) -> None:
        kept = StandingFile(
            orders=self._orders,
            standing=self.standing.version,
            positions=self.standing.positions,
            pins=self.standing.pins,
            suspensions=self.standing.suspensions,
            pending=tuple(self.pending.values()),
            said={name: SaidPlace(stage=each.stage.value, split=each.split) for name, each in self.said.items()},
            store=self.kept.store,
            moves=self.record[0],
            recorded=self.record[1],
            began=self._began if self.keeps_record else 0.0,
        )
        if kept != self.kept:
            self.kept = kept
            self._keep(written(file_called(kept, self._origins.origin)))


def _places(said: Mapping[str, SaidPlace]) -> dict[str, Place]:
    return {name: Place(Stage(each.stage), each.split) for name, each in said.items()}
