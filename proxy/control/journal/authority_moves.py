"""Moves of routes whose writes both sides get: made only when both sides have what the moving cohorts have written.

Rule 1: their writes are held meanwhile, by the database, for all replicas: no new one is begun, for `WAITS` seconds at
        most. If something is undone by then, the move is not made, and says so.
Rule 2: after the move they are held until the workers of this replica run by it, and for a moment more, in which the
        other replicas hear of it: `HEARS` seconds at most.
Rule 3: nothing is held where it would be in vain: for a write that people have to decide, or that has been owed for
        longer than a hold lasts. What was held in vain is not held again for a while by who tries again by himself (an
        edit, the judge), and each time for longer; people may. The rest ends early once nothing of theirs has been
        undone for longer than `PASSING`: the judge's next round, and the edit's, then hold again.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from proxy.core.http.target import one_spelling
from proxy.core.journal.intent import IntentState
from proxy.core.journal.moving import Draws, joined, moving, written_scopes
from proxy.core.journal.writes import writes_of
from proxy.core.position.position import Cause, Move
from proxy.core.routing.cohort import CLIENT_IP, SourceKind
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.split import draw
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal

WAITS = 2.0
"""Seconds that writes are held, and that a journal has to become empty."""
AGAIN = 0.02
HEARS = 1.0
HEARD = 0.2
"""Seconds in which other replicas hear of a move."""
FIRST_REST, LONGEST_REST = 4.0, 60.0
"""Seconds between two holds of which the first one was in vain."""
PASSING = 0.5
"""Seconds for which a write is undone where both sides do well."""
HOLDS = 7.0
"""Seconds after which writes go on whatever became of who held them: longer than a move may take, with all waits."""
_MOST = 100
_PEOPLE = (Cause.OPERATOR, Cause.RESUME)

Range = tuple[str, Draws]
"""Cohorts of one scope."""


async def _at_once() -> bool:
    return True


class UndoneWritesError(Exception):
    """Something of the moving cohorts is not on both sides: the move was not made. The text is a sentence."""


@dataclass(slots=True)
class AuthorityMoves:
    """`journal` None: there is no database, and nobody writes to both sides."""

    journal: PostgresJournal | None
    running: Callable[[], Snapshot]
    is_heard: Callable[[], Awaitable[bool]] = _at_once
    """Asks the workers of this replica whether they all run by what was ordered last."""

    now: Callable[[], float] = monotonic
    _rests: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By scope: until when nothing is held again, and for how long that is."""

    async def hold(self, moves: Sequence[Move]) -> tuple[int, ...]:
        """Hold the writes of the cohorts that move, until both sides have them; UndoneWritesError, StoreUnavailable.

        What it gives is for `end`.
        """
        is_ordered = any(move.record.cause in _PEOPLE for move in moves)
        return await self._hold(tuple(self._scopes(moves).items()), is_ordered=is_ordered)

    async def hold_cohort(self, route: Route, cohort: str) -> tuple[int, ...]:
        """The same for one cohort by its key, whatever source of the route's it comes from."""
        if writes_of(route) is None:
            return ()
        draws = [draw(route.salt, key) for key in _keys(route, cohort.encode("utf-8", "surrogateescape"))]
        ranges = [(route.scope, (each, math.nextafter(each, 2.0))) for each in draws]
        return await self._hold(ranges, is_ordered=True)

    async def _hold(self, ranges: Sequence[Range], *, is_ordered: bool) -> tuple[int, ...]:
        journal = self.journal
        if journal is None or not ranges:
            return ()
        rest = 0.0 if is_ordered else max(self._rest(scope) for scope, _ in ranges)
        if rest > 0.0 and await self._lasts(journal, ranges):
            raise UndoneWritesError(f"writes were held for it in vain; it is tried again in {rest:.0f} s")
        if stuck := await self._stuck(journal, ranges):  # rule 3
            raise UndoneWritesError(_stuck_sentence(stuck))
        holds = await self._held(journal, ranges)
        for scope, _ in ranges:
            self._rests.pop(scope, None)
        return holds

    async def _held(self, journal: PostgresJournal, ranges: Sequence[Range]) -> tuple[int, ...]:
        holds: list[int] = []
        try:
            for scope, draws in ranges:
                holds.append(await journal.hold(scope, draws, HOLDS))
            async with asyncio.timeout(WAITS):
                for scope, draws in ranges:
                    await self._until_empty(journal, scope, draws)
        except StoreUnavailable:
            await self.end(holds)
            raise
        except TimeoutError as error:
            await self.end(holds)
            self._begin_rests(scope for scope, _ in ranges)
            raise UndoneWritesError(await _sentence(journal, ranges)) from error
        return tuple(holds)

    def _rest(self, scope: str) -> float:
        until, _ = self._rests.get(scope, (0.0, 0.0))
        return until - self.now()

    def _begin_rests(self, scopes: Iterable[str]) -> None:
        for scope in scopes:
            _, last = self._rests.get(scope, (0.0, FIRST_REST / 2))
            rest = min(2 * last, LONGEST_REST)
            self._rests[scope] = self.now() + rest, rest

    async def _lasts(self, journal: PostgresJournal, ranges: Sequence[Range]) -> bool:
        for scope, draws in ranges:
            if await journal.undone(scope, draws, 1, PASSING):
                return True
        return False

    async def _stuck(self, journal: PostgresJournal, ranges: Sequence[Range]) -> list[IntentState]:
        return [state for scope, draws in ranges for state in await journal.stuck(scope, draws, WAITS, _MOST)]

    async def end(self, holds: Sequence[int], *, moved: bool = False) -> None:
        """At once, or by rule 2; where that cannot be said they end by themselves."""
        if not holds or self.journal is None:
            return
        try:
            if moved:
                await self._until_heard()
            await self.journal.unhold(holds, HEARD if moved else 0.0)
        except StoreUnavailable:
            return

    async def _until_heard(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARS):
                while not await self.is_heard():  # noqa: ASYNC110 -- workers are asked
                    await asyncio.sleep(AGAIN)

    def _scopes(self, moves: Iterable[Move]) -> dict[str, Draws]:
        """What moves, by scope, where both sides get the writes of some route of that scope."""
        found: dict[str, Draws | None] = {}
        written = written_scopes(self.running().routes)
        for move in moves:
            route = self.running().named(move.after.route)
            if route is not None and route.scope in written:
                draws = moving(move.before.place, move.after.place)
                found[route.scope] = joined(found.get(route.scope), draws)
        return {scope: draws for scope, draws in found.items() if draws is not None}

    async def _until_empty(self, journal: PostgresJournal, scope: str, draws: Draws) -> None:
        while await journal.undone(scope, draws, 1):  # noqa: ASYNC110 -- workers and clerks of all replicas write to it
            await asyncio.sleep(AGAIN)


def _stuck_sentence(stuck: Sequence[IntentState]) -> str:
    found = [(state, stuck.count(state)) for state in (IntentState.DEAD, IntentState.UNKNOWN, IntentState.OWED)]
    said = ", ".join(f"{count} {state}" for state, count in found if count)
    more = " or more" if len(stuck) >= _MOST else ""
    return f"writes of the moving cohorts are not on both sides: {said}{more} (banyan journal)"


def _keys(route: Route, cohort: bytes) -> Iterable[bytes]:
    """What this cohort's draws are made of; a part of a path is compared in one spelling."""
    for source in {*route.cohort, CLIENT_IP}:
        yield source.prefix + (one_spelling(cohort) if source.kind is SourceKind.PATH else cohort)


async def _sentence(journal: PostgresJournal, ranges: Sequence[Range]) -> str:
    try:
        undone = [key for scope, draws in ranges for key in await journal.undone(scope, draws, _MOST)]
    except StoreUnavailable:
        undone = []
    said = f"{len(undone)}{' or more' if len(undone) >= _MOST else ''}" if undone else "some"
    return f"{said} of the things that the moving cohorts write to are not the same on both sides yet (banyan journal)"
