"""`/api/grants` over a real database, without one, and with one that is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from proxy.core.grants.grant_policy import GrantPolicy, GrantSystem, KeyPlace
from proxy.store.grant_records import OPEN, GrantRecord, framed, host_of
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.grant_tables import GrantTables
from tests.control.conftest import Open, Port
from tests.control.tables import crm
from tests.store.conftest import database, server

__all__ = ["database", "server"]
POLICY = GrantPolicy(
    name="aggregator",
    upstream="legacy",
    systems=(GrantSystem(name="new"),),
    hash_key=KeyPlace(),
    data_keys=(KeyPlace(),),
)
TABLE = replace(crm(), grants={"aggregator": POLICY})
HASH = "ab" * 32
FAMILY = UUID(int=5)


async def post(port: Port, verb: str, **said: object) -> tuple[int, dict[str, Any]]:
    async with port.client.post(f"{port.url}/api/grants/{verb}", json=said) as answer:
        return answer.status, await answer.json(content_type=None)


async def listed(port: Port, query: str = "") -> tuple[int, dict[str, Any]]:
    async with port.client.get(f"{port.url}/api/grants{query}") as answer:
        return answer.status, await answer.json(content_type=None)


async def opened(open_port: Open, **shows: object) -> Port:
    made = await open_port(token="t", snapshot=TABLE, **shows)
    made.client.headers["Authorization"] = "Bearer t"
    return made


@pytest.fixture
async def tables(database: str) -> AsyncIterator[GrantTables]:
    connections = Connections(database, patience=Patience(timeout=30.0, connect=30.0))
    yield GrantTables(connections)
    await connections.close()


async def test_without_a_database_there_are_none(open_port: Open) -> None:
    """An empty list, and nothing to order."""
    port = await opened(open_port)

    assert await listed(port) == (200, {"families": []})
    for verb, said in (
        ("import", {"provider": "aggregator", "system": "new", "hashes": [HASH]}),
        ("replay", {}),
        ("export", {"provider": "aggregator", "system": "new"}),
    ):
        status, body = await post(port, verb, **said)
        assert (status, body["detail"]) == (404, "there is no database (state: memory), and so no grants")


@pytest.mark.parametrize(
    ("said", "status", "detail"),
    [
        ({"provider": "other", "system": "new", "hashes": [HASH]}, 404, "no system 'new' in grants.other"),
        ({"provider": "aggregator", "system": "old", "hashes": [HASH]}, 404, "no system 'old' in grants.aggregator"),
        ({"provider": "aggregator", "system": "new", "hashes": []}, 400, "hashes must be of 32 bytes each"),
        ({"provider": "aggregator", "system": "new", "hashes": ["ab"]}, 400, "hashes must be of 32 bytes each"),
        ({"provider": "aggregator", "system": "new", "hashes": ["hidden"]}, 400, "hashes must be of 32 bytes each"),
        ({"provider": "aggregator"}, 400, "the body must be JSON"),
    ],
)
async def test_what_cannot_be_told_of_is_refused(
    open_port: Open, tables: GrantTables, said: dict[str, object], status: int, detail: str
) -> None:
    """And not repeated."""
    found, body = await post(await opened(open_port, tokens=tables), "import", **said)

    assert found == status
    assert detail in body["detail"]
    assert "hidden" not in body["detail"]


async def test_a_list_is_bounded(open_port: Open, tables: GrantTables) -> None:
    """By a number."""
    port = await opened(open_port, tokens=tables)

    assert [(await listed(port, f"?limit={limit}"))[0] for limit in ("0", "10001", "x", "10000")] == [400] * 3 + [200]


async def test_a_spool_is_read_into_an_older_database(open_port: Open, tables: GrantTables, tmp_path: Path) -> None:
    """The record of a grant that the database does not know makes its family; what leaves is sealed as it came."""
    record = GrantRecord(
        family=FAMILY,
        provider="aggregator",
        client_id="card",
        generation=4,
        token=b"sealed",
        token_hash=b"h" * 32,
        before=b"b" * 32,
        slot="",
        answer=None,
        begun=0.0,
        ends=0.0,
        access_hash=b"",
        credential=None,
    )
    host = host_of(tmp_path)
    (tmp_path / "grants" / f"dead.0{OPEN}").write_bytes(framed(record) + framed(record))
    port = await opened(open_port, tokens=tables, directory=tmp_path)
    await tables.is_closed("another-host")

    assert await post(port, "replay") == (200, {"records": 2, "applied": 1, "missing": []})
    assert host in (tmp_path / "grants/host").read_text()
    status, body = await listed(port, "?unproved=new")
    (family,) = body["families"]
    assert (status, family["id"], family["state"], family["generation"]) == (200, str(FAMILY), "active", 4)
    found = await post(port, "export", provider="aggregator", system="new")
    assert found == (
        200,
        {"grants": [{"id": str(FAMILY), "client": "card", "generation": 4, "sealed": "c2VhbGVk"}]},
    )
    await tables.give(b"h" * 32, FAMILY, "new", 4)
    assert (await listed(port, "?unproved=new"))[1] == {"families": []}


async def test_a_database_that_is_away_is_told(
    open_port: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 503; nothing is written where the program happens to run."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    away = Connections("postgresql://banyan@127.0.0.1:1/banyan", patience=Patience(timeout=5.0, connect=1.0))
    port = await opened(open_port, tokens=GrantTables(away))

    assert (await listed(port))[0] == 503
    assert (await post(port, "replay"))[0] == 503
    assert [*here.iterdir()] == []
    await away.close()
