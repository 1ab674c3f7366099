"""Moves a route: in the store for everybody, or here alone while the store is away.

Rule 1: a move is made by compare-and-set on the version that it was decided on; whoever is late has to decide anew.
        That holds here alone as well: the position it was decided on must still stand. Moves that are made together are
        all made, or none is.
Rule 2: without the store a replica goes back and keeps back by itself, never forward; it writes that down when the
        store is back, unless a person has moved the route since.
Rule 3: each move that is made is counted, told to the log and handed on, once, by the replica that made it.
Rule 4: a move for which writes of both sides are held is made by the store or not at all: made here alone it would have
        no fence, and other replicas would write to the other side.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from enum import StrEnum
from typing import Protocol

import structlog

from proxy.control.position.standing_file import RECORD_KEPT, Pending
from proxy.control.position.standing_here import MOVES_KEPT, StandingHere
from proxy.core.position.ladder import Place, is_above
from proxy.core.position.position import Cause, Move, Position, Transition, transition
from proxy.core.position.record import RESTORED, OrderKind, kind_of
from proxy.core.position.standing import Lead
from proxy.core.routing.route import Route
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.positions import PositionStore
from proxy.tasks import Work

PATIENCE = 1.5
"""Seconds that the store has for a move before it counts as away."""
AGAIN = 0.2
"""Seconds between two looks of which the first one failed."""
LOOK_EVERY = 0.5
"""Seconds after which a change of what stands is seen at the latest, where nobody calls."""
FIRST_TRIES, FIRST_PATIENCE, FIRST_PAUSE = 3, 2.0, 0.5
"""How often, and for how many seconds each, the store is waited for at the start; seconds in between."""
_PEOPLE = (Cause.OPERATOR, Cause.RESUME, Cause.FILE)
_LOOKED_AT = 1000
"""Moves of a route, newest first, among which a person's is looked for before an older one is written."""
_log = structlog.get_logger()


class Made(StrEnum):
    """What became of a move: made for everybody, made here alone, or somebody else was faster."""

    FOR_ALL = "for_all"
    HERE = "here"
    LOST = "lost"


class AwayError(Exception):
    """The store is away, and this move needs it."""


class AuthorityGate(Protocol):
    """What has to come first where both sides get a route's writes (`control/journal/authority_moves.py`)."""

    async def hold(self, moves: Sequence[Move]) -> tuple[int, ...]:
        """Hold the writes of what moves, until both sides have them; UndoneWritesError when they do not in time."""

    async def hold_cohort(self, route: Route, cohort: str) -> tuple[int, ...]:
        """The same for one cohort, whose side a pin may change."""

    async def end(self, holds: Sequence[int], *, moved: bool = False) -> None:
        """Let them go on: at once, or when all have heard that they `moved`."""


class NoGate:
    """Nobody writes to both sides."""

    async def hold(self, moves: Sequence[Move]) -> tuple[int, ...]:
        """Nothing."""
        del moves
        return ()

    async def hold_cohort(self, route: Route, cohort: str) -> tuple[int, ...]:
        """Nothing."""
        del route, cohort
        return ()

    async def end(self, holds: Sequence[int], *, moved: bool = False) -> None:
        """Nothing."""


class Mover:
    """`counts` are moves made here: (route, from, to, cause). `made` is called with each of them."""

    def __init__(self, store: PositionStore, here: StandingHere, gate: AuthorityGate | None = None) -> None:
        """Nothing is asked of the store yet."""
        self.gate = gate or NoGate()
        self.counts: Counter[tuple[str, str, str, str]] = Counter()
        self.made: list[Callable[[Transition], None]] = []
        self._store = store
        self._here = here
        self._looking = asyncio.Lock()
        self._asked: set[str] = set()

    async def run(self) -> None:
        """Obey what stands, as soon as it changes, for ever."""
        await before_all_else(self.restore)
        async with aclosing(self._store.subscribe(LOOK_EVERY)) as versions:  # type: ignore[type-var]
            await self.follow(versions)

    async def move(
        self, *moves: Move, lead: Lead | None = None, standing: int | None = None, needs_store: bool | None = None
    ) -> Made:
        """Make these moves, all or none; AwayError when one needs the store, which by default every one forward does.

        `standing`: only while nothing at all has changed since that version of the standing. UndoneWritesError.
        """
        try:
            holds = await self.gate.hold(moves)
        except StoreUnavailable as error:
            raise AwayError(str(error)) from error
        try:
            async with asyncio.timeout(PATIENCE):
                won = await self._written(moves, lead, standing, holds)
        except (StoreUnavailable, TimeoutError) as error:  # it may have been made: what is held stays so for its time
            is_needed = any(_is_forward(each) for each in moves) if needs_store is None else needs_store
            if holds or is_needed:  # rule 4
                raise AwayError(str(error) or "the state store did not answer") from error
            return self._move_here(moves)
        if not won:
            await self.gate.end(holds)
            return Made.LOST
        for move in moves:
            self._note(move.record)
        await self.look()
        await self.gate.end(holds, moved=True)
        return Made.FOR_ALL

    async def _written(
        self, moves: Sequence[Move], lead: Lead | None, standing: int | None, holds: Sequence[int]
    ) -> bool:
        """Whether the store has made them. What was moved here is written first; that may change what stands."""
        if any(move.before.route in self._here.pending for move in moves):
            await self.settle()
            if not all(self._is_written(move.before) for move in moves):
                return False
        return await self._store.compare_and_set_all(moves, lead, standing, holds)

    def _is_written(self, position: Position) -> bool:
        return position.route not in self._here.pending and self._stands(position)

    def _stands(self, position: Position) -> bool:
        known = self._here.positions.get(position.route)
        return position.version == 0 if known is None else known == position

    async def follow(self, changes: AsyncIterator[object]) -> None:
        """Take what stands after each of these changes, however often that fails: no other may come for days."""
        async for _ in changes:
            while not await self.look():  # noqa: ASYNC110 -- nobody calls when the store can be read again
                await asyncio.sleep(AGAIN)

    async def look(self) -> bool:
        """Take what stands now; False: the store is away."""
        async with self._looking:  # of two looks the later one must also be taken later
            try:
                async with asyncio.timeout(PATIENCE):
                    standing = await self._store.standing()
            except (StoreUnavailable, TimeoutError):
                return False
            known = self._here.positions
            fresh = [
                position
                for position in standing.positions
                if known.get(position.route) != position or position.route not in self._asked
            ]
            if self._here.keeps_record:
                moves = await self._store.transitions(None, RECORD_KEPT)
                self._here.record = moves, await self._store.orders(None, RECORD_KEPT)
            self._here.take(standing)
            await self._learn(fresh)
            return True

    async def restore(self) -> None:
        """Give a store that has lost them, or that lives in memory, what this replica has kept; StoreUnavailable."""
        kept, standing = self._here.kept, await self._store.standing()
        if self._here.keeps_record:
            await self._store.recall(kept.moves, kept.recorded)
        known = {position.route for position in standing.positions}
        for lost in [position for position in kept.positions if position.route not in known]:
            await self._store.compare_and_set(lost, 0, self._restored(lost))
        for pin in kept.pins if not standing.version else ():
            await self._store.set_pin(pin)
        for suspension in kept.suspensions if not standing.version else ():
            await self._store.suspend(suspension)
        await self.look()

    def _restored(self, lost: Position) -> Transition:
        """The record of the move that led there, where it was kept; else that the store had lost it."""
        made = next((each for each in self._here.kept.moves if each.route == lost.route), None)
        if made is not None and made.version == lost.version:
            return made
        reason = "the store had lost it; this replica has kept it"
        record = transition(lost, lost, actor=self._here.instance, numbers={RESTORED: 1.0}, reason=reason)
        return replace(record, at=self._here.clock())

    async def settle(self) -> None:
        """Write the moves that were made here; StoreUnavailable when the store is away again."""
        for route, pending in tuple(self._here.pending.items()):
            standing = await self._store.standing()
            known = next((position for position in standing.positions if position.route == route), None)
            is_done = not await self._is_due(pending, known) or await self._write(pending, known)
            if await self.look() and is_done:  # what the store has is taken before what was moved here is forgotten
                self._here.done_here(route)

    async def _is_due(self, pending: Pending, known: Position | None) -> bool:
        """Whether a move that was made here is still to be made."""
        if known is None or known.version == pending.base:
            return True
        if not _is_wanted(pending, known):
            return False
        at = pending.transition.at
        if _is_a_persons(known) and known.since > at:
            return False
        later = await self._store.transitions(known.route, _LOOKED_AT)
        return not any(each.at > at and _is_an_order(each) for each in later)

    async def _write(self, pending: Pending, known: Position | None) -> bool:
        base, moved = (0 if known is None else known.version), pending.transition
        position = replace(_joined(pending, known), version=base + 1)
        start = Place(moved.from_stage, moved.from_split) if known is None else known.place
        record = replace(moved, version=base + 1, from_stage=start.stage, from_split=start.split)
        return await self._store.compare_and_set(position, base, record)

    def _move_here(self, moves: Sequence[Move]) -> Made:
        if not all(self._stands(each.before) for each in moves):
            return Made.LOST
        for move in moves:
            route = move.after.route
            known = self._here.pending.get(route)
            base = move.before.version if known is None else known.base
            self._note(move.record)
            self._here.go_here(Pending(position=move.after, base=base, transition=move.record))
            _log.warning("moved_here", route=route, hint="the store is away; other replicas do not know of this yet")
        return Made.HERE

    def _note(self, record: Transition) -> None:
        start, end = (record.from_stage.value, record.to_stage.value)
        self.counts[record.route, start, end, record.cause.value] += 1
        self._here.note(record)
        _log.warning(
            "route_moved",
            route=record.route,
            start=str(Place(record.from_stage, record.from_split)),
            end=str(Place(record.to_stage, record.to_split)),
            cause=record.cause.value,
            actor=record.actor,
            reason=record.reason,
        )
        for tell in self.made:
            tell(record)

    async def _learn(self, positions: list[Position]) -> None:
        """Why the routes stand where they stand."""
        try:
            async with asyncio.timeout(PATIENCE):
                for position in positions:
                    known = self._here.moves.get(position.route, ())
                    is_known = bool(known) and known[0].version == position.version
                    if not is_known and (found := await self._store.transitions(position.route, MOVES_KEPT)):
                        self._here.moves[position.route] = found
                    self._asked.add(position.route)
        except (StoreUnavailable, TimeoutError):
            return


async def before_all_else(work: Work) -> None:
    """Do what has to come first; a store that is away for longer is not waited for."""
    for _ in range(FIRST_TRIES):
        try:
            async with asyncio.timeout(FIRST_PATIENCE):
                return await work()
        except (StoreUnavailable, StoreRefused, TimeoutError):
            await asyncio.sleep(FIRST_PAUSE)
    _log.warning("judge_begins_without_store")
    return None


def _is_forward(move: Move) -> bool:
    """Further from legacy, or free to go there: what a replica alone must not do.

    A step back from the judge's own hold ends that hold (position.py, rule 5), and frees nothing.
    """
    before, after = move.before, move.after
    is_hold_kept = after.held or (before.waits and is_above(before.place, after.place))
    freed = (before.latched and not after.latched) or (before.held and not is_hold_kept)
    return freed or is_above(after.place, before.place)


def _joined(pending: Pending, known: Position | None) -> Position:
    """The move with what this replica did not know of: latches, holds, epochs, and what the file said meanwhile.

    It knew what it was decided on; of that the move says itself what stays. No move keeps a hold that is the judge's.
    """
    here = pending.position
    if known is None or known.version == pending.base:
        return here
    latched, held = here.latched or known.latched, here.held or (known.held and not known.waits)
    cause = known.cause if here.waits and known.held else here.cause  # a person's hold is none that ends by itself
    joined = replace(here, latched=latched, held=held, cause=cause, begun=max(here.begun, known.begun))
    if pending.transition.cause is Cause.FILE:
        return joined
    return replace(joined, file_stage=known.file_stage, file_split=known.file_split)


def _is_wanted(pending: Pending, known: Position) -> bool:
    """Whether it changes anything, and goes no further than the route has come meanwhile."""
    here = pending.position
    is_same = (known.place, known.latched, known.held) == (here.place, here.latched, here.held)
    if is_same and (here.waits or not known.waits):  # else a person's hold is to replace the judge's
        return False
    return known.version < pending.base or not is_above(here.place, known.place)


def _is_a_persons(known: Position) -> bool:
    """Whether a person has made it: the first position of a ramp is nobody's order, though it is the file's."""
    return known.cause in _PEOPLE and (known.cause is not Cause.FILE or known.version > 1)


def _is_an_order(record: Transition) -> bool:
    """Whether a person moved the route or freed it, whoever moved it after that; a hold and an epoch do neither."""
    is_elsewhere = (record.from_stage, record.from_split) != (record.to_stage, record.to_split)
    if kind_of(record) is OrderKind.RESTORE:
        return False
    if record.cause is Cause.FILE:
        return is_elsewhere or record.version > 1
    return record.cause is Cause.RESUME or (record.cause is Cause.OPERATOR and is_elsewhere)
