"""What workers ask of the journal: begin a write, say what became of it.

Rule 1: a write may be sent once its intent is committed. One that is not, in time, is never sent, and its row goes.
Rule 2: of one key one write is on its way at once, here by turns, between replicas by the database.
Rule 3: an outcome is kept until it is committed, however long the database is away: it is known nowhere else.
Rule 4: a write that is on its way is held; when its worker is gone it is let go, and found as abandoned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from proxy.clerk.journal.group_commit import GroupCommit
from proxy.clerk.journal.key_turns import KeyTurns
from proxy.core.journal.intent import Ended, FirstOutcome, Intent
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal
from proxy.tasks import Tasks

HOLD = 15.0
"""Seconds for which a write on its way is held; renewed every third of it."""
AGAIN = 0.05
"""Seconds until a key that another replica writes to is asked for again."""
MOST_PENDING = 4096
"""Writes of one clerk that may be on their way; beyond, they are refused."""
_COMMITTED = "committed"
_log = structlog.get_logger()


@dataclass(slots=True)
class OnItsWay:
    """A write that a worker may send. `outcomes` is how many words of it are not committed yet."""

    key: tuple[str, str]
    worker: str
    is_held: bool = True


@dataclass(slots=True)
class JournalIntents:
    """Those of one process."""

    journal: PostgresJournal
    tasks: Tasks
    wake: asyncio.Event
    """Set when something is owed to the other side."""
    _pending: dict[str, OnItsWay] = field(default_factory=dict)
    _unsent: set[str] = field(default_factory=set)
    _turns: KeyTurns = field(default_factory=KeyTurns)
    _begins: GroupCommit[Intent, frozenset[str]] = field(init=False)
    _ends: GroupCommit[Ended, None] = field(init=False)

    def __post_init__(self) -> None:
        """One commit of each kind at a time."""
        self._begins = GroupCommit(self._begin, self.tasks, "journal begins")
        self._ends = GroupCommit(self._end, self.tasks, "journal ends")

    async def begin(self, intent: Intent, worker: str, within: float) -> bool:
        """Whether it may be sent now; False: not within so many seconds, and it will not be."""
        if len(self._pending) >= MOST_PENDING:
            return False
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
            problem = "its key was not free in time"
        else:
            if not problem:
                self._pending[intent.id] = OnItsWay(key, worker)
                return True
            self._turns.give(key)
        _log.warning("write_not_begun", route=intent.route, error=problem)
        return False

    async def _commit(self, intent: Intent) -> str:
        """What went wrong; the commit goes on when nobody waits for it any more."""
        commit = self.tasks.start(self._once(intent), name="journal begin")
        try:
            while not (done := await asyncio.shield(commit)):
                await asyncio.sleep(AGAIN)
                commit = self.tasks.start(self._once(intent), name="journal begin")
        except BaseException:
            commit.add_done_callback(lambda _: self._forget(intent))
            raise
        if done is not _COMMITTED:
            self._forget(intent)
        return "" if done is _COMMITTED else done

    async def _once(self, intent: Intent) -> str:
        """`_COMMITTED`, empty where another write of the key is on its way, or what went wrong."""
        try:
            return _COMMITTED if intent.id in await self._begins.add(intent) else ""
        except (StoreUnavailable, StoreRefused) as error:
            return str(error)

    def _forget(self, intent: Intent) -> None:
        """Rule 1: perhaps it was committed all the same. Where there are too many it will be found as abandoned."""
        if len(self._unsent) < MOST_PENDING:
            self._unsent.add(intent.id)

    async def end(self, ended: Ended) -> None:
        """Returns when it is committed."""
        await self._until_committed(ended)
        self._let_go(ended.id)
        self.wake.set()

    async def _until_committed(self, ended: Ended) -> None:
        """Rule 3."""
        wait = AGAIN
        while True:
            try:
                return await self._ends.add(ended)
            except StoreUnavailable:
                await asyncio.sleep(wait)
                wait = min(wait * 2, 1.0)

    def hold(self, intents: Sequence[Intent], worker: str) -> None:
        """Those that a worker has on its way already, from before this process."""
        for intent in intents:
            self._pending.setdefault(intent.id, OnItsWay((intent.scope, intent.key), worker, is_held=False))

    def leave(self, worker: str) -> None:
        """Rule 4."""
        for intent_id in [each for each, found in self._pending.items() if found.worker == worker]:
            self._let_go(intent_id)

    def _let_go(self, intent_id: str) -> None:
        found = self._pending.pop(intent_id, None)
        if found is not None and found.is_held:
            self._turns.give(found.key)

    async def keep(self) -> None:
        """Hold what is on its way; run it in the background."""
        while True:
            await asyncio.sleep(HOLD / 3)
            try:
                await self.renew()
            except StoreUnavailable as error:
                _log.warning("journal_away", error=str(error))

    async def renew(self) -> None:
        """Hold all of it for the whole time again, and take back what was never sent."""
        if self._pending:
            await self.journal.renew(tuple(self._pending), HOLD)
        if self._unsent:
            unsent = tuple(self._unsent)
            await self.journal.end([Ended(id=each, outcome=FirstOutcome.FAILED) for each in unsent])
            self._unsent.difference_update(unsent)

    async def _begin(self, intents: Sequence[Intent]) -> frozenset[str]:
        return await self.journal.begin(intents, HOLD)

    async def _end(self, ended: Sequence[Ended]) -> None:
        await self.journal.end(ended)
