"""A replica that has not read where its routes stand gives no write to one side alone; real processes, PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from proxy.store.embedded.embedded_postgres import Embedded
from tests.clerk.journal.side import RecordingSide, serving
from tests.e2e.program import free_port, started, text_of
from tests.e2e.writes.conftest import ACCOUNT, AGREE, Migration
from tests.waiting import until


async def test_until_it_is_known_where_a_route_stands_its_writes_wait(server: Embedded, tmp_path: Path) -> None:
    """A first start without the database: legacy answers reads, and a write is 503 and sent to nobody.

    Once the database is there it goes to both sides.
    """
    listen, admin = free_port(), free_port()
    state = server.address.replace("/postgres?", f"/d{listen}?")
    async with serving(RecordingSide()) as legacy, serving(RecordingSide()) as new:
        ports = {"listen": listen, "admin": admin, "legacy": legacy.port, "new": new.port}
        text = text_of(ACCOUNT, **ports, keys=AGREE)
        (tmp_path / "routes.yaml").write_text(f'{text}state: "{state}"\n')
        async with started(tmp_path, listen, admin, ready=False) as banyan:
            asked = Migration(banyan, legacy, new, state)
            answers = [await asked.send("GET", "/accounts/1"), await asked.send("PUT", "/accounts/1", b"lost")]
            sent = ([*legacy.heard], [*new.heard])
            connection = await asyncpg.connect(server.address)
            await connection.execute(f"CREATE DATABASE d{listen}")
            await connection.close()

            async def is_taken() -> bool:
                return await asked.send("PUT", "/accounts/1", b"kept") == 200

            await until(is_taken)
            await asked.until_empty()
    entries = [entry for entry in banyan.events("request") if entry["method"] == "PUT"]

    assert (answers, sent) == ([200, 503], ([], []))
    assert entries[0]["detail"] == "the write was not begun: it is not known yet where this route stands"
    assert (legacy.rows, new.rows) == ({"/accounts/1": b"kept"}, {"/accounts/1": b"kept"})
