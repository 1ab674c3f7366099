"""`/api/idempotency` over a real admin port and a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from proxy.control.admin.undecided_keys import KeyPages
from proxy.control.position.record_writer import RecordWriter
from proxy.core.idempotency.claims import KeptReply, KeyClaim, Settlement
from proxy.core.position.record import OrderKind
from proxy.store.memory.positions import MemoryPositions
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.key_records import PostgresKeys
from tests.control.tables import crm
from tests.store.conftest import database, fresh_data, server

__all__ = ("database", "fresh_data", "server")
Client = TestClient[Request, Application]


async def looked() -> None:
    """Nobody has to see it here."""


RECORD, OWNER = b"r" * 32, b"o" * 16


@pytest.fixture
async def keys(database: str) -> AsyncIterator[PostgresKeys]:
    connections = Connections(database, patience=Patience(timeout=30.0, connect=30.0))
    yield PostgresKeys(connections)
    await connections.close()


async def client_of(keys: PostgresKeys | None, records: RecordWriter | None = None) -> Client:
    pages = KeyPages(keys=keys, running=crm, records=records)
    app = Application()
    app.router.add_get("/api/idempotency", pages.page)
    app.router.add_post("/api/idempotency/{id}/release", pages.release)
    client = TestClient(TestServer(app))
    await client.start_server()
    return client


async def test_a_key_whose_outcome_is_unknown_is_listed_and_released(keys: PostgresKeys) -> None:
    """By its id; released, it is gone, and a second release finds nothing."""
    await keys.claim([KeyClaim(RECORD, OWNER, b"f", "customers.show", "k-1", repeatable=False)])
    client = await client_of(keys)
    assert await (await client.get("/api/idempotency")).json() == {"keys": []}  # it still runs
    await keys.settle(RECORD, OWNER, Settlement.UNKNOWN, KeptReply(0))
    (listed,) = (await (await client.get("/api/idempotency")).json())["keys"]
    since = listed.pop("since")
    assert listed == {"id": RECORD.hex(), "route": "customers.show", "key": "k-1", "repeatable": False}
    assert since.endswith("Z")

    said = {"by": "ann", "reason": "looked it up"}
    released = await client.post(f"/api/idempotency/{RECORD.hex()}/release", json=said)
    assert (released.status, await released.json()) == (200, {"id": RECORD.hex()})
    again = await client.post(f"/api/idempotency/{RECORD.hex()}/release")
    assert again.status == 404
    assert await (await client.get("/api/idempotency")).json() == {"keys": []}
    await client.close()


async def test_a_release_goes_on_record(keys: PostgresKeys) -> None:
    """Who, why, and of which key of which route."""
    positions = MemoryPositions(lambda: 7.0)
    records = RecordWriter(positions, "here", lambda: 7.0, looked)
    client = await client_of(keys, records)
    await keys.claim([KeyClaim(RECORD, OWNER, b"f", "customers.show", "k-1", repeatable=False)])
    await keys.settle(RECORD, OWNER, Settlement.UNKNOWN, KeptReply(0))
    await client.post(f"/api/idempotency/{RECORD.hex()}/release", json={"by": "ann", "reason": "looked it up"})
    assert await records.write()
    (freed,) = await positions.orders("customers.show", 10)

    assert (freed.kind, freed.actor, freed.reason) == (OrderKind.FREE, "ann", 'the undecided key "k-1": looked it up')
    await client.close()


async def test_what_cannot_be_released_is_told(keys: PostgresKeys) -> None:
    """An id that is none, a body that is none; without a database there is no key."""
    client, without = await client_of(keys), await client_of(None)
    no_id = await client.post("/api/idempotency/xyz/release")
    assert (no_id.status, (await no_id.json())["detail"][:24]) == (404, "no key of id 'xyz' is un")
    assert (await client.post("/api/idempotency/00/release", data=b'{"colour": 1}')).status == 400
    assert await (await without.get("/api/idempotency")).json() == {"keys": []}
    assert (await without.post("/api/idempotency/00/release")).status == 404
    await client.close()
    await without.close()


async def test_a_database_that_is_away_is_503(tmp_path: Path) -> None:
    """Both pages say that the state store is away."""
    connections = Connections(f"postgresql://nobody@/none?host={tmp_path}", patience=Patience(timeout=5.0))
    client = await client_of(PostgresKeys(connections))
    assert (await client.get("/api/idempotency")).status == 503
    assert (await client.post("/api/idempotency/00/release")).status == 503
    await client.close()
