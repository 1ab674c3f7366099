"""A replica whose clerk takes its time to start: nobody's write is refused for that; real processes, PostgreSQL."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from proxy.store.embedded.embedded_postgres import Embedded
from tests.clerk.journal.side import RecordingSide, serving
from tests.e2e.program import free_port, started, text_of
from tests.e2e.writes.conftest import ACCOUNT, AGREE, Migration, database_on

LATE = """\
import sys
import time


class Late:
    def find_spec(self, name, path=None, target=None):
        if name == "proxy.clerk.clerk_process":
            time.sleep(6)


sys.meta_path.insert(0, Late())
"""


@asynccontextmanager
async def late(server: Embedded, tmp_path: Path) -> AsyncIterator[Migration]:
    """Two sides and a replica whose clerk takes six seconds to import: longer than a write waits for it."""
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "sitecustomize.py").write_text(LATE)
    database = await database_on(server)
    listen, admin = free_port(), free_port()
    async with serving(RecordingSide()) as legacy, serving(RecordingSide()) as new:
        ports = {"listen": listen, "admin": admin, "legacy": legacy.port, "new": new.port}
        (tmp_path / "routes.yaml").write_text(f'{text_of(ACCOUNT, **ports, keys=AGREE)}state: "{database}"\n')
        environment = {"PYTHONPATH": str(tmp_path / "late")}
        async with started(tmp_path, listen, admin, environment=environment) as banyan:
            yield Migration(banyan, legacy, new, database)


async def test_a_replica_is_ready_once_its_clerk_is_there(server: Embedded, tmp_path: Path) -> None:
    """A write that comes as soon as it is ready is done."""
    async with late(server, tmp_path) as asked:
        status = await asked.send("PUT", "/accounts/1", b"one")
        await asked.until_empty()

    assert (status, asked.legacy.rows, asked.new.rows) == (200, {"/accounts/1": b"one"}, {"/accounts/1": b"one"})


async def test_a_clerk_that_is_killed_is_replaced_before_a_write_gives_up(server: Embedded, tmp_path: Path) -> None:
    """Its successor is born with what it needs, and imports nothing while requests wait for it."""
    async with late(server, tmp_path) as asked:
        os.kill(asked.banyan.child("clerk"), signal.SIGKILL)
        status = await asked.send("PUT", "/accounts/1", b"one")
        await asked.until_empty()

    assert (status, asked.legacy.rows, asked.new.rows) == (200, {"/accounts/1": b"one"}, {"/accounts/1": b"one"})
