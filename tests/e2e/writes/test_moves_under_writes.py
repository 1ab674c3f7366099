"""Authority moves only when both sides have what was written; a kill is at once, and guesses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.moves.test_orders import TOKEN, order
from tests.e2e.writes.conftest import ACCOUNT, Migration, migrating
from tests.waiting import until

SPLIT = ACCOUNT.replace("stage: shadow", "stage: canary\n    split: 100%")


@pytest.fixture
async def migration(server: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Migration]:
    """New answers everything."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", TOKEN)
    async with migrating(server, tmp_path, SPLIT) as made:
        yield made


async def read(migration: Migration, path: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(migration.banyan.url + path) as answer:
        return await answer.read()


async def test_a_move_waits_for_what_one_side_has_not(migration: Migration) -> None:
    """It is refused with a sentence while legacy does not take a write, and made when it has."""
    assert await migration.send("PUT", "/accounts/7", b"old") == 200
    await migration.until_empty()
    migration.legacy.go_on.clear()
    migration.legacy.arrived.clear()
    assert await migration.send("PUT", "/accounts/7", b"new") == 200
    await migration.legacy.arrived.wait()
    status, said = await order(migration.banyan, "rollback", "accounts")
    assert (status, "1 of the things that the moving cohorts write to" in said["detail"]) == (409, True)
    assert await read(migration, "/accounts/7") == b"new"

    migration.legacy.go_on.set()
    await migration.until_empty()
    assert (await order(migration.banyan, "rollback", "accounts"))[0] == 200
    assert await read(migration, "/accounts/7") == b"new"
    assert [each.replay for each in migration.legacy.heard] == [True, True]


async def test_a_pin_waits_for_what_its_cohort_has_written(migration: Migration) -> None:
    """It moves authority as well: refused while legacy lacks a write of that cohort, made for others."""
    migration.legacy.go_on.clear()
    assert await migration.send("PUT", "/accounts/7", b"new", **{"X-Tenant": "t"}) == 200
    await migration.legacy.arrived.wait()
    status, said = await order(migration.banyan, "pin", "accounts", cohort="t", side="legacy")
    assert (status, "'t' is not moved: 1 of the things" in said["detail"]) == (409, True)
    assert (await order(migration.banyan, "pin", "accounts", cohort="u", side="legacy"))[0] == 200
    migration.legacy.go_on.set()
    await migration.until_empty()

    assert (await order(migration.banyan, "pin", "accounts", cohort="t", side="legacy"))[0] == 200


async def test_no_read_is_older_than_the_last_acknowledged_write(migration: Migration) -> None:
    """While the route goes back and forth under writes; and no client notices."""
    statuses: list[int] = []
    stale: list[tuple[bytes, bytes]] = []
    stopped = asyncio.Event()

    async def write_and_read() -> None:
        number = 0
        while not stopped.is_set():
            number += 1
            value = b"%d" % number
            statuses.append(await migration.send("PUT", "/accounts/7", value))
            found = await read(migration, "/accounts/7")
            if found != value:
                stale.append((value, found))

    writing = asyncio.ensure_future(write_and_read())
    for verb in ("rollback", "resume", "promote") * 2:
        assert (await order(migration.banyan, verb, "accounts"))[0] == 200
        await _more(statuses, 3)
    stopped.set()
    await writing
    await migration.until_empty()

    assert stale == []
    assert set(statuses) == {200}
    assert {each.replay for each in migration.legacy.heard} == {each.replay for each in migration.new.heard}
    assert migration.legacy.rows == migration.new.rows


async def test_a_kill_is_at_once_and_refuses_what_is_undone(migration: Migration) -> None:
    """A write of a key that legacy has not caught up with is 503, until it has; others go on."""
    migration.legacy.go_on.clear()
    assert await migration.send("PUT", "/accounts/7", b"new") == 200
    await migration.legacy.arrived.wait()
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
        session.post(f"{migration.banyan.admin_url}/api/kill", json={"on": True, "reason": "test"}) as answer,
    ):
        assert answer.status == 200, await answer.text()
    await until(lambda: _reads(migration, b"{}"))  # legacy's own
    assert await migration.send("PUT", "/accounts/7", b"newer") == 503

    migration.legacy.go_on.set()
    await migration.until_empty()
    assert await migration.send("PUT", "/accounts/7", b"newer") == 200
    assert await migration.send("PUT", "/accounts/8", b"other") == 200
    await migration.until_empty()
    assert migration.legacy.rows == migration.new.rows == {"/accounts/7": b"newer", "/accounts/8": b"other"}


async def _more(of: list[int], count: int) -> None:
    reached = len(of) + count
    await until(lambda: len(of) >= reached)


async def _reads(migration: Migration, what: bytes) -> bool:
    return await read(migration, "/accounts/7") == what


async def test_an_edit_waits_for_what_one_side_has_not(migration: Migration) -> None:
    """routes.yaml takes the route back, and new serves on until legacy has its writes; then legacy does by itself."""
    banyan = migration.banyan
    await until(lambda: _has_position(migration))
    migration.legacy.go_on.clear()
    assert await migration.send("PUT", "/accounts/7", b"new") == 200
    await migration.legacy.arrived.wait()
    banyan.file.write_text(banyan.file.read_text().replace("split: 100%", "split: 0%"))
    await banyan.until_logged("edit_waits")
    assert await read(migration, "/accounts/7") == b"new"
    assert [each.replay for each in migration.new.heard] == [False]

    migration.legacy.go_on.set()
    await until(lambda: _runs_at(migration, 0.0))
    assert await migration.send("PUT", "/accounts/7", b"newer") == 200
    assert [each.replay for each in migration.legacy.heard] == [True, False]


async def _has_position(migration: Migration) -> bool:
    """Whether it stands somewhere by the store's word."""
    shown = await migration.banyan.api("/api/routes/accounts")
    return "tag" in shown["runs"]  # type: ignore[operator]


async def _runs_at(migration: Migration, split: float) -> bool:
    """Whether its workers say so."""
    shown = await migration.banyan.api("/api/routes/accounts")
    return cast("dict[str, object]", shown["runs"]).get("split", 0.0) == split


async def test_an_edit_that_cannot_be_made_costs_no_write(migration: Migration) -> None:
    """Legacy has refused one, which people have to mend: until then the edit waits, and is not felt by any client."""
    banyan = migration.banyan
    await until(lambda: _has_position(migration))
    migration.legacy.statuses = [422]
    assert await migration.send("PUT", "/accounts/7", b"refused") == 200
    await until(lambda: _is_dead(migration))
    banyan.file.write_text(banyan.file.read_text().replace("split: 100%", "split: 0%"))
    await banyan.until_logged("edit_waits")
    statuses = [await migration.send("PUT", f"/accounts/{number % 9 + 10}", b"x") for number in range(300)]
    shown = await banyan.api("/api/routes/accounts")

    assert set(statuses) == {200}
    assert "the edit to canary 0% waits: writes of the moving cohorts are not on both sides: 1 dead" in str(shown)
    await drop_dead(migration)
    await until(lambda: _runs_at(migration, 0.0))


async def drop_dead(migration: Migration) -> None:
    """People have mended it by hand."""
    url = migration.banyan.admin_url + "/api/journal"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        async with session.get(url) as answer:
            dead = [each["id"] for each in (await answer.json())["writes"] if each["state"] == "dead"]
        for entry_id in dead:
            async with session.post(f"{url}/{entry_id}/drop", json={}) as answer:
                assert answer.status == 200, await answer.text()


async def _is_dead(migration: Migration) -> bool:
    return await migration.undone() == ["dead"]
