"""The first side is killed when it has done a write and not answered it yet, on a connection that was used before."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.program import free_port
from tests.e2e.writes.conftest import ACCOUNT, Migration, migrating
from tests.waiting import until

ROUTES = ACCOUNT + "  - { name: pay, match: POST /pay, stage: legacy, idempotency: required }\n"


@dataclass(slots=True)
class DyingSide:
    """`done` has a line for each thing that it has done, in whichever of its lives."""

    port: int
    book: Path

    @property
    def done(self) -> list[str]:
        return self.book.read_text().splitlines()

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[asyncio.subprocess.Process]:
        words = ("-m", "tests.e2e.writes.dying_side", str(self.port), str(self.book))
        process = await asyncio.create_subprocess_exec(sys.executable, *words, cwd=Path(__file__).parents[3])
        await until(self._listens)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


async def ask_until_it_dies(migration: Migration, side: DyingSide, method: str, path: str, **fields: str) -> int:
    """What the client is told of the last write of its life."""
    async with side.alive() as process:
        for number in range(3):
            warm = dict.fromkeys(fields, f'"warm {method} {number}"')
            assert await migration.send(method, path, b"warm", **warm) == 200
        told = await migration.send(method, path, b"die", **fields)
        assert await process.wait() < 0
        return told


async def until_undone(migration: Migration, *states: str) -> None:
    async def stands_so() -> bool:
        return await migration.undone() == [*states]

    await until(stands_so)


async def test_what_a_side_did_before_it_died_is_neither_lost_nor_done_twice(server: Embedded, tmp_path: Path) -> None:
    """A write that may not be repeated is left to people, one that may is asked for again and reaches the other side,
    and a retry with an idempotency key is not executed.
    """
    side = DyingSide(free_port(), tmp_path / "book")
    async with migrating(server, tmp_path, ROUTES, legacy_port=side.port) as migration:
        key = {"Idempotency-Key": '"k"'}
        assert await ask_until_it_dies(migration, side, "PATCH", "/accounts/7") == 502
        await until_undone(migration, "unknown")
        assert await ask_until_it_dies(migration, side, "PUT", "/accounts/8") == 502
        assert await migration.undone() == ["unknown", "pending"]
        assert await ask_until_it_dies(migration, side, "POST", "/pay", **key) == 502
        async with side.alive():
            assert await migration.send("POST", "/pay", b"die", **key) == 409
            await until(lambda: migration.new.rows.get("/accounts/8") == b"die")

        assert [line for line in side.done if '"k"' in line] == ['POST /pay "k" die']
        assert len([line for line in side.done if line.startswith("PUT /accounts/8") and line.endswith("die")]) == 1
        await until_undone(migration, "unknown")
