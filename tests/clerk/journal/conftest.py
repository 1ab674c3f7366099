"""A journal in a real PostgreSQL, two sides that listen, and what sends from one to the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import count

import pytest

from proxy.clerk.journal.abandoned import AbandonedWrites
from proxy.clerk.journal.intents import JournalIntents
from proxy.clerk.journal.second_legs import SecondLegs
from proxy.clerk.journal.sides import Sides
from proxy.core.journal.intent import Ended, FirstOutcome, Intent, StoredAnswer, StoredRequest
from proxy.core.journal.second_request import ids_in, made_by
from proxy.core.journal.writes import JsonPath, MintedId, SentOn, Writes
from proxy.core.outcome import Side
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.route import Route
from proxy.core.stage import Stage
from proxy.names.resolver import Resolver
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.journal import PostgresJournal
from proxy.tasks import Tasks
from tests.clerk.journal.side import RecordingSide, serving
from tests.control.tables import route
from tests.store.conftest import database, fresh_data, server
from tests.store.waiting import PATIENT
from tests.waiting import until

__all__ = ("database", "fresh_data", "server")
ID = CohortSource(SourceKind.PATH, "id", 2)
PARENT = JsonPath("$.parent_id", ("parent_id",))
WRITES = Writes(keyed_by=ID, ids=(MintedId(JsonPath("$.id", ("id",)), (ID, PARENT)),))
_numbers = count(1)


@dataclass(slots=True)
class Bench:
    """What a clerk has for the journal; `routes` may be changed by a test."""

    journal: PostgresJournal
    legacy: RecordingSide
    new: RecordingSide
    sides: Sides
    intents: JournalIntents
    legs: SecondLegs
    abandoned: AbandonedWrites
    routes: dict[str, Route]
    tasks: Tasks

    async def agree(self) -> None:
        """Ask both sides whether they take writes that were done before."""
        self.sides.follow({"legacy": self.legacy.upstream("legacy"), "new": self.new.upstream("new")})
        await self.sides.ask()

    async def write(self, intent: Intent, answer: StoredAnswer | None = None, key: str = "") -> None:
        """It is begun and was done on the first side, whose answer says what it has made."""
        assert await self.intents.begin(intent, 5.0) == ""
        made = () if answer is None else made_by(WRITES, intent.needs, answer.body)
        await self.intents.end(Ended(id=intent.id, outcome=FirstOutcome.DONE, answer=answer, key=key, made=made))

    async def deliver(self) -> None:
        """Send until nothing is owed."""
        running = self.tasks.start(self.legs.run(), name="second legs")
        await until(self._is_empty)
        running.cancel()

    async def _is_empty(self) -> bool:
        return not await self.journal.undone("accounts", (0.0, 1.0), 1)


def put(key: str, body: bytes = b"{}", method: bytes = b"PUT", send: SentOn = SentOn.REQUEST) -> Intent:
    request = StoredRequest(method=method, target=b"/accounts/" + key.encode(), lines=(b"X-Tenant: 1",), body=body)
    return Intent(
        id=f"{next(_numbers):032x}",
        scope="accounts",
        key=key,
        route="accounts",
        cohort="header:1",
        draw=0.5,
        side=Side.LEGACY,
        send=send,
        request=request,
        needs=ids_in(WRITES, request),
    )


def repeatable(intent: Intent) -> Intent:
    return replace(intent, repeatable=True)


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    connections, tasks, wake = Connections(database, patience=PATIENT), Tasks(), asyncio.Event()
    journal, sides = PostgresJournal(connections, "clerk"), Sides(Resolver(tasks), tasks)
    routes = {"accounts": route("accounts", Stage.SHADOW, steps=(WRITES,))}
    intents = JournalIntents(journal, tasks, wake)
    async with AsyncExitStack() as stack:
        legacy, new = [await stack.enter_async_context(serving(RecordingSide())) for _ in range(2)]
        made = Bench(
            journal=journal,
            legacy=legacy,
            new=new,
            sides=sides,
            intents=intents,
            legs=SecondLegs(journal, sides, lambda: routes, tasks, wake),
            abandoned=AbandonedWrites(journal, sides, lambda: routes, wake, intents),
            routes=routes,
            tasks=tasks,
        )
        await made.agree()
        yield made
        await tasks.end()
        await sides.close()
        await connections.close()
