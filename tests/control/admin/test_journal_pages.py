"""`/api/journal` over a real admin port and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from proxy.control.admin.journal_pages import JournalPages
from proxy.control.position.record_writer import RecordWriter
from proxy.core.journal.intent import Ended, FirstOutcome, Intent, StoredAnswer, StoredRequest
from proxy.core.journal.writes import SentOn
from proxy.core.outcome import Side
from proxy.core.position.record import OrderKind
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.journal import PostgresJournal
from proxy.store.postgres.positions import PostgresPositions
from tests.control.tables import crm
from tests.store.conftest import database, fresh_data, server

__all__ = ("database", "fresh_data", "server")
ONE, OTHER = "ab12" + "0" * 28, "ab12" + "f" * 28
ANSWER = StoredAnswer(status=201, content_type=b"application/json", body=b'{"id": 42}')


@dataclass(slots=True)
class Pages:
    """What the pages show and change, and who asks."""

    journal: PostgresJournal
    positions: PostgresPositions
    records: RecordWriter
    client: TestClient[Request, Application]

    async def begin(self, intent_id: str, send: SentOn = SentOn.REQUEST, *lines: bytes) -> None:
        request = StoredRequest(method=b"POST", target=b"/orders", lines=lines, body=b"{}")
        intent = Intent(
            id=intent_id,
            scope="orders",
            key=f"new {intent_id}",
            route="orders.list",
            cohort="header:t20",
            draw=0.5,
            side=Side.LEGACY,
            send=send,
            request=request,
        )
        await self.journal.begin([intent], 60.0)

    async def end(self, intent_id: str, outcome: FirstOutcome, answer: StoredAnswer | None = None) -> None:
        await self.journal.end([Ended(id=intent_id, outcome=outcome, answer=answer)])

    async def listed(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = (await (await self.client.get("/api/journal")).json())["writes"]
        return found

    async def decide(self, verb: str, intent_id: str, **said: str) -> tuple[int, str]:
        """The status, and the id or the sentence."""
        answer = await self.client.post(f"/api/journal/{intent_id}/{verb}", json=said)
        body = await answer.json()
        return answer.status, body.get("id") or body["detail"]


@pytest.fixture
async def pages(database: str) -> AsyncIterator[Pages]:
    connections = Connections(database, patience=Patience(timeout=30.0, connect=30.0))
    journal, positions = PostgresJournal(connections, "clerk"), PostgresPositions(connections)

    async def kept() -> None:
        """Nobody waits for it."""

    records = RecordWriter(positions, "one", lambda: 1000.0, kept)
    shown = JournalPages(journal=journal, running=crm, records=records)
    app = Application()
    app.router.add_get("/api/journal", shown.page)
    app.router.add_post("/api/journal/{id}/retry", shown.retry)
    app.router.add_post("/api/journal/{id}/drop", shown.drop)
    async with TestClient(TestServer(app)) as client:
        yield Pages(journal, positions, records, client)
    await connections.close()


async def test_an_unknown_write_is_shown_with_what_finds_it(pages: Pages) -> None:
    """The request's id, its cohort, and the key that its client gave it, by which people look at the first side."""
    await pages.begin(ONE, SentOn.REQUEST, b'Idempotency-Key: "k-1"', b"X-Request-Id: r-1")
    await pages.end(ONE, FirstOutcome.UNKNOWN)
    (shown,) = await pages.listed()

    assert (shown["state"], shown["request_id"], shown["client_key"]) == ("unknown", "r-1", '"k-1"')
    assert (shown["cohort"], shown["sent_as"]) == ("header:t20", "POST")


async def test_a_write_that_is_sent_as_its_result_is_shown_so(pages: Pages) -> None:
    """The other side refused a PUT, though the client sent a POST."""
    await pages.begin(ONE, SentOn.RESULT)
    await pages.end(ONE, FirstOutcome.DONE, ANSWER)
    (shown,) = await pages.listed()

    assert (shown["method"], shown["sent_as"]) == ("POST", "PUT")


async def test_the_first_digits_of_an_id_are_enough(pages: Pages) -> None:
    """Unless two begin so; fewer than six, or other signs, are no id."""
    for each in (ONE, OTHER):
        await pages.begin(each)
        await pages.end(each, FirstOutcome.UNKNOWN)

    assert await pages.decide("drop", "ab12") == (
        404,
        "'ab12' is no id of a write: it has 32 hex digits, of which the first 6 may do",
    )
    assert await pages.decide("drop", "ab1200") == (200, ONE)
    status, detail = await pages.decide("drop", "ab1200")
    assert (status, detail[:62]) == (404, "no write whose id begins with 'ab1200' is in the journal: both")
    await pages.begin("ab12ff" + ONE[6:])
    assert (await pages.decide("drop", "ab12ff"))[0] == 409


async def test_what_stands_otherwise_is_told(pages: Pages) -> None:
    """On its way, or owed: each is no question of people."""
    await pages.begin(ONE)
    assert await pages.decide("retry", ONE) == (
        409,
        f"write {ONE} is pending: retry is for those that are owed, unknown or dead",
    )
    await pages.end(ONE, FirstOutcome.DONE, ANSWER)
    assert await pages.decide("drop", ONE) == (409, f"write {ONE} is owed: drop is for those that are unknown or dead")
    assert (await pages.decide("retry", ONE, made="42"))[0] == 409
    assert await pages.decide("retry", ONE) == (200, ONE)


async def test_people_say_what_an_unknown_write_has_made(pages: Pages) -> None:
    """Its key is that then, as if its answer had said so, and the other side's name for it can be learnt."""
    await pages.begin(ONE)
    await pages.end(ONE, FirstOutcome.UNKNOWN)
    assert await pages.decide("retry", ONE, made="42") == (200, ONE)
    (entry,) = await pages.journal.entries(None, None, 10)

    assert (entry.state.value, entry.made, entry.intent.key) == ("owed", ("42",), "42")


async def test_what_people_decide_goes_on_record(pages: Pages) -> None:
    """Who, when, why, and of which write."""
    await pages.begin(ONE)
    await pages.end(ONE, FirstOutcome.UNKNOWN)
    await pages.decide("retry", ONE, by="ann", reason="it is there")
    assert await pages.records.write()
    (retried,) = await pages.positions.orders("orders.list", 10)

    assert (retried.kind, retried.actor, retried.reason) == (
        OrderKind.RETRY,
        "ann",
        f"the unknown write {ONE} (POST /orders): it is there",
    )
