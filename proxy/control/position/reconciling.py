"""What an edit of routes.yaml does to positions.

Rule 1: an edit is what this replica has seen change: under it while it ran, or since it last read the file. Then it
        moves the route at once, whatever other replicas read: a file that reaches them later says the same.
Rule 2: a replica that has no memory takes a difference for an edit only when all live replicas read the same revision:
        one that was started with an old file must end no latch.
Rule 3: a latch is ended by an edit of the file that this replica reads, never by what another one reads, or by that
        one's going: whoever remembers what the file said before, or has met a replica that reads another one, takes no
        difference for an edit that it has not seen itself.
Rule 4: what an edit does is said by `judge.position.reconcile`: it lowers at once, and raises a ramp by one step.
Rule 5: where both sides get the writes of a group, its routes are edited together: all of them, or none yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog

from proxy.control.journal.authority_moves import UndoneWritesError
from proxy.control.position.mover import AwayError, Made, Mover
from proxy.control.position.standing_here import StandingHere, WaitingEdit
from proxy.control.running import Running
from proxy.core.journal.moving import written_scopes
from proxy.core.journal.writes import writes_of
from proxy.core.position.position import Move, Position, move, reconcile, transition
from proxy.core.routing.placement import place_of
from proxy.core.routing.route import Route
from proxy.store.errors import StoreUnavailable
from proxy.store.positions import PositionStore

AGAIN = 0.5
"""Seconds after which an edit that had to wait for the store is tried again."""
_log = structlog.get_logger()


class Reconciling:
    """Carries edits to positions, one table at a time."""

    def __init__(self, running: Running, here: StandingHere, mover: Mover, store: PositionStore) -> None:
        """`here.said` is what it read last."""
        self._store = store
        self._running = running
        self._here = here
        self._mover = mover
        self._origins = here.origins
        self._unread: set[str] = set()
        """Origins of the routes of which nobody here knows what the file said before it was read first."""
        self._is_edited = asyncio.Event()
        self._is_edited.set()

    def edited(self) -> None:
        """Another table was taken, which may have edits to carry out."""
        self._is_edited.set()

    async def run(self) -> None:
        """Carry out edits as they come, for ever; the table of the start counts as one."""
        while True:
            await self._is_edited.wait()
            self._is_edited.clear()
            if not await self.follow():
                self._is_edited.set()
                await asyncio.sleep(AGAIN)

    async def follow(self) -> bool:
        """Carry out what was edited in the present table; False when some of it has to wait for the store."""
        self._here.rename()
        if self._origins != self._here.origins:
            self._origins = self._here.origins
            await self._mover.look()  # what was nobody's so far may be somebody's now
        routes = self._running.snapshot.routes
        self._unread |= {route.origin for route in routes if route.name not in self._here.said}
        edited = [route for route in routes if self._is_edit(route)]
        await self._move(edited)
        waiting = self._left_over(edited)
        self._here.follow(waiting)
        return not waiting

    async def agree(self) -> None:
        """All live replicas read one revision: whatever differs from it was edited, but for latches (rule 3)."""
        await self._move([route for route in self._running.snapshot.routes if self._may_differ(route)])
        await self._begin_ramps()

    def doubt(self) -> None:
        """A replica reads another file, or did when it fell silent: nobody knows which of the two was edited."""
        self._unread.clear()

    def _may_differ(self, route: Route) -> bool:
        position = self._here.positions.get(route.name)
        return position is None or not position.latched or route.origin in self._unread

    async def _begin_ramps(self) -> None:
        """A route with a ramp has a position from the first: its time at a step counts over restarts. So has one where
        both sides get its writes, or those of its group: an edit of it is a move that waits for them.
        """
        routes = [each for each in self._running.snapshot.routes if each.respond is None]
        written = written_scopes(routes)
        fresh = [
            each
            for each in routes
            if (each.ramp is not None or each.scope in written) and each.name not in self._here.positions
        ]
        for route in fresh:
            first = replace(self._here.position(route), version=1, since=self._here.clock())
            reason = "its ramp begins here" if route.ramp is not None else _begins_to_wait(route)
            record = transition(first, first, actor="routes.yaml", numbers={}, reason=reason)
            await self._store.compare_and_set(first, 0, record)
        if fresh:
            await self._mover.look()

    def _is_edit(self, route: Route) -> bool:
        said = self._here.said.get(route.name)
        return said is not None and said != place_of(route) and route.respond is None

    def _left_over(self, edited: Iterable[Route]) -> frozenset[str]:
        """Routes of which an edit could not be carried out yet; workers keep the lower of the two."""
        positions = self._here.positions
        known = ((each, positions.get(each.name)) for each in edited)
        return frozenset(each.name for each, found in known if found and found.file_place != place_of(each))

    def _is_due(self, route: Route) -> bool:
        """Whether what is known of the route is not what the file says: another replica may have carried it out."""
        before = self._here.positions.get(route.name)
        return before is not None and route.respond is None and before.file_place != place_of(route)

    async def _move(self, routes: Iterable[Route]) -> None:
        written = written_scopes(self._running.snapshot.routes)
        together: dict[str, list[Route]] = {}
        for route in routes:
            if self._is_due(route):
                name = f"group {route.scope}" if route.scope in written else f"route {route.name}"  # rule 5
                together.setdefault(name, []).append(route)
        for edited in together.values():
            due = [route for route in edited if self._is_due(route)]  # others' edits took time: it may be done by now
            if due:
                await self._edit(due)

    async def _edit(self, routes: Sequence[Route]) -> None:
        edits = [self._edit_of(route, self._here.positions[route.name]) for route in routes]
        try:
            if await self._mover.move(*edits, needs_store=_needs_store(routes)) is Made.LOST:
                await self._mover.look()
        except (AwayError, StoreUnavailable, UndoneWritesError) as error:
            self._note_waiting(routes, str(error))

    def _edit_of(self, route: Route, before: Position) -> Move:
        now, steps = self._here.clock(), route.ramp.steps if route.ramp else ()
        after = reconcile(before, route.stage, route.split, route=route.name, now=now, steps=steps)
        reason = f"routes.yaml was edited: it says {place_of(route)}"
        return move(before, after, at=now, actor="routes.yaml", numbers={}, reason=reason)

    def _note_waiting(self, routes: Iterable[Route], why: str) -> None:
        """For who asks; it is told to the log when it begins, since it is tried again twice a second."""
        for route in routes:
            if not self._here.edit_waits(route):
                _log.warning("edit_waits", route=route.name, error=why)
            self._here.waiting[route.name] = WaitingEdit(place=place_of(route), why=why)


def _begins_to_wait(route: Route) -> str:
    own = writes_of(route) is not None
    return f"both sides get {'its writes' if own else f'writes of its group {route.group}'} from here on"


def _needs_store(routes: Iterable[Route]) -> bool | None:
    """As `Mover.move` takes it: without the store nobody knows what both sides have; a ramp rises by its word."""
    if any(writes_of(route) is not None for route in routes):
        return True
    return None if any(route.ramp is not None and route.ramp.steps for route in routes) else False
