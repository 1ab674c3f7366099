"""Writes on their way to the authoritative side: begun, held, and what became of them.

Rule 1: a write may be sent once its intent is committed. One that is not, in time, is never sent, and its row goes,
        whenever it comes: a statement may reach the database after who sent it has given it up, and whoever found such
        a row would take it for abandoned, and send it.
Rule 2: of one key one write is on its way at once: here by turns, between replicas by the database.
Rule 3: a write is held for as long as its worker says that it runs, and an outcome for as long as it is not committed;
        what nobody holds any more is found as abandoned (`abandoned.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

from proxy.clerk.group_commit import GroupCommit
from proxy.clerk.journal.key_turns import KeyTurns
from proxy.core.journal.intent import HOLD, BegunWrites, Ended, FirstOutcome, Intent
from proxy.core.journal.not_begun import NotBegun
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal
from proxy.tasks import Tasks

AGAIN = 0.05
"""Seconds until a key that another replica writes to is asked for again."""
ASKS = 0.3
"""Seconds in which the database has to say why one was kept out, else it counts as away."""
MOST = 4096
"""Writes of one clerk that may be on their way; beyond, they are refused."""
LATE = 30.0
"""Seconds from when the database can be asked again, after which no statement comes of those that were given up."""
MOST_UNSENT = 4 * MOST
_COMMITTED = "committed"


@dataclass(slots=True)
class WriteUnderWay:
    """It has the turn of its key; `until` is monotonic."""

    key: tuple[str, str]
    until: float


@dataclass(slots=True)
class JournalIntents:
    """Those of one process."""

    journal: PostgresJournal
    tasks: Tasks
    wake: asyncio.Event
    """Set when something is owed to the other side."""
    is_full: Callable[[str], bool] = lambda _: False
    """Whether the journal has as many writes of a route as it may have."""
    untidy: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is a row of what was never sent, or is to be asked for again: it keeps its key."""
    _beginning: dict[str, asyncio.Task[str]] = field(default_factory=dict)
    _under_way: dict[str, WriteUnderWay] = field(default_factory=dict)
    _unsent: dict[str, float] = field(default_factory=dict)
    """Until when (monotonic) their rows are taken back; for ever while the database cannot be asked."""

    _turns: KeyTurns = field(default_factory=KeyTurns)
    _begins: GroupCommit[Intent, BegunWrites] = field(init=False)
    _ends: GroupCommit[Ended, None] = field(init=False)

    def __post_init__(self) -> None:
        """One commit of each kind at a time."""
        self._begins = GroupCommit(self._begin, self.tasks, "journal begins")
        self._ends = GroupCommit(self.journal.end, self.tasks, "journal ends")

    @property
    def known(self) -> tuple[str, ...]:
        """Ids of what nobody else may take for abandoned."""
        return tuple(self._under_way)

    async def begin(self, intent: Intent, within: float) -> str:
        """Empty once it may be sent; else why it may not, and never will be: NotBegun, or what the store says.

        Who asks for it again, since his connection broke, is answered as the first time.
        """
        beginning = self._beginning.get(intent.id)
        if beginning is None:
            beginning = self.tasks.start(self._begun(intent, within), name="journal write")
            self._beginning[intent.id] = beginning
            beginning.add_done_callback(lambda _: self._beginning.pop(intent.id))
        return await asyncio.shield(beginning)

    async def _begun(self, intent: Intent, within: float) -> str:
        if intent.id in self._under_way:
            return ""  # asked for again
        if intent.id in self._unsent:
            return NotBegun.AWAY
        if len(self._under_way) >= MOST:
            return NotBegun.MANY
        if self.is_full(intent.route):
            return NotBegun.FULL
        key = intent.scope, intent.key
        try:
            async with asyncio.timeout(within):
                await self._turns.take(key)
                try:
                    problem = await self._commit(intent)
                except BaseException:
                    self._turns.give(key)
                    raise
        except TimeoutError:
            return await self._obstacle(intent)
        if not problem and intent.id in self._unsent:
            problem = NotBegun.AWAY  # it was forgotten meanwhile
        if problem:
            self._turns.give(key)
        else:
            self._under_way[intent.id] = WriteUnderWay(key, monotonic() + HOLD)
        return problem

    async def _obstacle(self, intent: Intent) -> NotBegun:
        try:
            async with asyncio.timeout(ASKS):
                return await self.journal.obstacle(intent)
        except (StoreUnavailable, TimeoutError):
            return NotBegun.AWAY

    async def _commit(self, intent: Intent) -> str:
        """What went wrong; the commit goes on when nobody waits for it any more."""
        commit = self.tasks.start(self._once(intent), name="journal begin")
        try:
            while not (done := await asyncio.shield(commit)):
                await asyncio.sleep(AGAIN)
                commit = self.tasks.start(self._once(intent), name="journal begin")
        except BaseException:
            commit.add_done_callback(lambda _: self.forget(intent.id))
            raise
        if done != _COMMITTED:
            self.forget(intent.id)
        return "" if done == _COMMITTED else done

    async def _once(self, intent: Intent) -> str:
        """`_COMMITTED`, empty where another write of the key is on its way, or what went wrong."""
        try:
            begun = await self._begins.add(intent)
        except (StoreUnavailable, StoreRefused) as error:
            return str(error)
        if intent.id in begun.outdated:
            return NotBegun.OUTDATED
        return _COMMITTED if intent.id in begun.pending else ""

    def forget(self, intent_id: str) -> None:
        """It was not sent and will not be. Beyond the bound such a row is found as abandoned."""
        self._let_go(intent_id)
        if len(self._unsent) < MOST_UNSENT:
            self._unsent[intent_id] = float("inf")
            self.untidy.set()

    async def end(self, ended: Ended) -> None:
        """Returns when it is committed; StoreUnavailable: it is to be said again."""
        found = self._under_way.get(ended.id)
        if found is not None:
            found.until = float("inf")
        await self._ends.add(ended)
        self._let_go(ended.id)
        (self.untidy if ended.outcome is FirstOutcome.UNANSWERED else self.wake).set()

    async def hold(self, ids: Sequence[str]) -> None:
        """They are still on their way, for a clerk before this one perhaps."""
        until = monotonic() + HOLD
        for intent_id in ids:
            if (found := self._under_way.get(intent_id)) is not None:
                found.until = max(found.until, until)
        await self.journal.renew(ids, HOLD)

    async def tidy(self) -> None:
        """Let go what nobody holds any more, and take back what was never sent."""
        self.untidy.clear()
        now = monotonic()
        for intent_id in [each for each, found in self._under_way.items() if found.until < now]:
            self._let_go(intent_id)
        if self._unsent:
            unsent = tuple(self._unsent)
            await self.journal.end([Ended(id=each, outcome=FirstOutcome.FAILED) for each in unsent])
            for intent_id in unsent:
                self._unsent[intent_id] = min(self._unsent[intent_id], now + LATE)
            self._unsent = {each: until for each, until in self._unsent.items() if until >= now}

    def _let_go(self, intent_id: str) -> None:
        found = self._under_way.pop(intent_id, None)
        if found is not None:
            self._turns.give(found.key)

    async def _begin(self, intents: Sequence[Intent]) -> BegunWrites:
        return await self.journal.begin(intents, HOLD)
