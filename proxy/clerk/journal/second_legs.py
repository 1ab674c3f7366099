"""The other side's part: what is owed to it is sent out of the journal, of each key one after the other.

Rule 1: one write of a key is under way at once, and the next one is taken when that is done (`sql/journal/take.sql`).
Rule 2: what is taken is held longer than it may take. Who stood still, and finds so little left of it that another may
        have taken it before the answer comes, sends nothing.
Rule 3: nothing is sent to a side that has not agreed to writes that were done before (`sides.py`).
Rule 4: nothing is sent to a side that is closed (`windows` with `answer`): it waits, however long that takes.
Rule 5: of what a side answered the log has the status alone; its words, which may be about somebody, stand in the
        journal.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from proxy.clerk.boot_time import boot_time
from proxy.clerk.group_commit import GroupCommit
from proxy.clerk.journal.closed_side import closed_side
from proxy.clerk.journal.sides import NO_ANSWER, SideAnswer, Sides
from proxy.core.journal.intent import JournalEntry, StoredRequest
from proxy.core.journal.learned_names import NOTHING, LearnedNames
from proxy.core.journal.second_answer import LONGEST_WAIT, SecondOutcome, SecondVerdict, verdict_on
from proxy.core.journal.second_request import deleted, ids_in, minted, second_request
from proxy.core.journal.writes import writes_of
from proxy.core.outcome import Side
from proxy.core.routing.route import Route
from proxy.core.steps.closed_hours import Closing
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal
from proxy.store.postgres.journal_outage import JournalOutage
from proxy.tasks import Tasks

PATIENCE = 10.0
"""Seconds that the other side has for one write."""
HELD = 2 * PATIENCE
AT_ONCE = 32
"""Writes of different keys that are under way at once."""
EVERY = 1.0
"""Seconds until the journal is looked at again where nobody says that there is something."""
UNAGREED = 5.0
"""Seconds until a side that has not agreed is looked at again."""
_log = structlog.get_logger()


@dataclass(slots=True)
class SecondLegs:
    """Those of one clerk. `routes` are those that write, by origin, as the present table has them."""

    journal: PostgresJournal
    sides: Sides
    routes: Callable[[], Mapping[str, Route]]
    tasks: Tasks
    wake: asyncio.Event
    counts: dict[SecondOutcome, int] = field(default_factory=lambda: dict.fromkeys(SecondOutcome, 0))
    outage: JournalOutage = field(default_factory=JournalOutage)
    _running: int = 0
    _dones: GroupCommit[str, frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        """What is done is told in few commits."""
        self._dones = GroupCommit(self.journal.done, self.tasks, "journal dones")

    async def run(self) -> None:
        """Take and send until cancelled; run it in the background."""
        while True:
            self.wake.clear()
            try:
                await self._take()
            except StoreUnavailable as error:
                self.outage.begin(error)
            try:
                async with asyncio.timeout(EVERY):
                    await self.wake.wait()
            except TimeoutError:
                continue

    async def _take(self) -> None:
        free = AT_ONCE - self._running
        if free <= 0:
            return
        taken_at = boot_time()
        taken = await self.journal.take(free, HELD)
        self.outage.end()
        for entry in taken:
            self._running += 1
            self.tasks.start(self._deliver(entry, taken_at), name=f"write {entry.intent.id}")

    async def _deliver(self, entry: JournalEntry, taken_at: float) -> None:
        try:
            await self.deliver(entry, taken_at)
        except StoreUnavailable as error:
            self.outage.begin(error)
        finally:
            self._running -= 1
            self.wake.set()

    async def deliver(self, entry: JournalEntry, taken_at: float) -> None:
        """Send one write, and note what came of it."""
        route = self.routes().get(entry.intent.route)
        writes = None if route is None else writes_of(route)
        if route is None or writes is None:
            await self._note(entry, self._wait(entry, "no route writes under this name any more"))
            return
        intent = entry.intent
        other = route.upstream(_other(intent.side))
        closed = closed_side(route, _other(intent.side))
        if closed is not None:  # rule 4
            await self._note(entry, _until_open(other, closed))
            return
        places = self.sides.agreed(other)
        if not places:  # rule 3
            await self._note(entry, self._wait(entry, f"{other} has not agreed to writes that were done before"))
            return
        names = await self.journal.names(intent.scope, intent.side, ids_in(writes, intent.request))
        request = _with_credentials(second_request(entry, writes, names), route)
        if boot_time() - taken_at > HELD - PATIENCE:  # rule 2
            return
        answer = await self.sides.send(other, places, request, PATIENCE, writes.max_body)
        learned = LearnedNames(pairs=minted(entry, writes, answer.body), gone=deleted(entry, writes))
        await self._note(entry, self._verdict(entry, answer), learned, answer)

    def _verdict(self, entry: JournalEntry, answer: SideAnswer) -> SecondVerdict:
        age, draw = time.time() - entry.began, random.random()  # noqa: S311 -- jitter, not a secret
        method = entry.intent.request.method
        return verdict_on(answer.status, answer.said, method=method, attempts=entry.attempts, age=age, draw=draw)

    def _wait(self, entry: JournalEntry, said: str) -> SecondVerdict:
        verdict = self._verdict(entry, SideAnswer(0, said))
        return verdict if verdict.outcome is SecondOutcome.DEAD else replace(verdict, wait=UNAGREED)

    async def _note(
        self,
        entry: JournalEntry,
        verdict: SecondVerdict,
        learned: LearnedNames = NOTHING,
        answer: SideAnswer = NO_ANSWER,
    ) -> None:
        """What became of it; of `answer`, where one came, by rule 5."""
        settled = await self._settled(entry, verdict, learned)
        if settled is None:
            return
        self.counts[settled.outcome] += 1
        if settled.outcome is SecondOutcome.DEAD:
            said = settled.said.replace(answer.said, answer.reason, 1) if answer.status else settled.said
            _log.error("write_dead", route=entry.intent.route, id=entry.intent.id, key=entry.intent.key, said=said)

    async def _settled(
        self, entry: JournalEntry, verdict: SecondVerdict, learned: LearnedNames
    ) -> SecondVerdict | None:
        """What became of it; None: another has it in hand."""
        if verdict.outcome is not SecondOutcome.DONE:
            return await self.journal.settle(entry, verdict)
        if learned == NOTHING:
            return verdict if entry.intent.id in await self._dones.add(entry.intent.id) else None
        return await self.journal.settle(entry, verdict, learned)


def _other(side: Side) -> Side:
    return Side.NEW if side is Side.LEGACY else Side.LEGACY


def _until_open(upstream: str, closed: Closing) -> SecondVerdict:
    """Rule 4; looked at again meanwhile, since routes.yaml may say otherwise by then."""
    wait = min(max(closed.until - time.time(), 0.0), LONGEST_WAIT)
    return SecondVerdict(outcome=SecondOutcome.LATER, said=f"{upstream} is closed ({closed.name})", wait=wait)


def _with_credentials(request: StoredRequest, route: Route) -> StoredRequest:
    """The journal keeps no client's credentials; a route may name some for the other side."""
    lines = route.shadow.replacements.reveal() if route.shadow is not None else ()
    return replace(request, lines=(*request.lines, *lines))
