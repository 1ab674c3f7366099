"""A replica whose control stands still goes on by what it heard last; the database refuses its writes meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from proxy.store.embedded.embedded_postgres import Embedded
from tests.clerk.journal.side import RecordingSide, serving
from tests.e2e.moves.test_orders import TOKEN, order
from tests.e2e.program import Program, free_port, started, text_of
from tests.e2e.writes.conftest import AGREE, database_on
from tests.e2e.writes.test_moves_under_writes import SPLIT
from tests.waiting import until


@asynccontextmanager
async def two(
    server: Embedded, place: Path, keys: str = AGREE
) -> AsyncIterator[tuple[list[Program], RecordingSide, RecordingSide]]:
    """Two replicas over one database, and their sides, which have these keys; new answers."""
    state = await database_on(server)
    async with AsyncExitStack() as stack:
        legacy, new = [await stack.enter_async_context(serving(RecordingSide())) for _ in range(2)]
        found = []
        for number in range(2):
            directory = place / f"replica{number}"
            directory.mkdir()
            listen, admin = free_port(), free_port()
            ports = {"listen": listen, "admin": admin, "legacy": legacy.port, "new": new.port}
            text = text_of(SPLIT, **ports, keys=keys)
            (directory / "routes.yaml").write_text(f'{text}state: "{state}"\n')
            found.append(await stack.enter_async_context(started(directory, listen, admin)))
        yield found, legacy, new


async def put(banyan: Program, key: int, body: bytes) -> tuple[int, str]:
    url = f"{banyan.url}/accounts/{key}"
    async with aiohttp.ClientSession() as session, session.put(url, data=body) as answer:
        return answer.status, answer.headers.get("Retry-After", "")


async def test_a_write_goes_to_no_side_that_does_not_answer_any_more(
    server: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Authority moves while one replica's control is stopped: its writes are refused until it has heard of that, and
    counted; then they go where they belong.
    """
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", TOKEN)
    async with two(server, tmp_path) as ((informed, stopped), legacy, new):
        assert [(await put(each, 1, b"old"))[0] for each in (informed, stopped)] == [200, 200]
        await until(lambda: _has(legacy, new, "/accounts/1", b"old"))
        control = stopped.child("control")
        os.kill(control, signal.SIGSTOP)
        try:
            assert (await order(informed, "rollback", "accounts"))[0] == 200
            moved_at = len(new.heard)
            assert (await put(informed, 2, b"here"))[0] == 200
            answers = await asyncio.gather(*(put(stopped, key, b"there") for key in range(3, 23)))
            await asyncio.gather(*(put(stopped, key, b"again") for key in range(3, 23)))
        finally:
            os.kill(control, signal.SIGCONT)
        assert set(answers) == {(503, "1")}
        assert [each for each in new.heard[moved_at:] if not each.replay] == []

        await until(lambda: _is_taken(stopped))
        await until(lambda: _has(legacy, new, "/accounts/3", b"then"))
        assert [each for each in new.heard[moved_at:] if not each.replay] == []
        name = 'banyan_step_answers_total{route="accounts",reason="write_outdated"}'
        await stopped.until_metric(name, 40)


async def _is_taken(banyan: Program) -> bool:
    return (await put(banyan, 3, b"then"))[0] == 200


async def _has(legacy: RecordingSide, new: RecordingSide, path: str, body: bytes) -> bool:
    return legacy.rows.get(path) == new.rows.get(path) == body
