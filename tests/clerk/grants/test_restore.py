"""A database that is older than what was handed out: closed until every host has read its spool into it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import asyncpg

from proxy.core.grants.token_answer import CallOutcome
from proxy.store.embedded.embedded_postgres import Embedded
from tests.clerk.grants.desks import LEGACY, NEW, desk, refreshed, said
from tests.clerk.grants.provider import Provider
from tests.clerk.grants.scenes import replay, used_after_the_backup
from tests.e2e.replicas import postgres
from tests.waiting import until

TIMES = 12


async def test_with_replay_nothing_is_lost(database: str, provider: Provider, tmp_path: Path) -> None:
    """Closed at first, closed while a host is missing, then every newest token is known, whoever got it where."""
    before = provider.counts()
    backup, newest = await used_after_the_backup(database, provider, tmp_path, TIMES)
    one, two = (desk(backup, tmp_path / name, provider.port) for name in ("one", "two"))
    for token, older in newest.items():
        assert [(await one.ask(each)).status for each in (token, older)] == [503, 503]
    assert await replay(one, tmp_path / "one") == [two.spool.host]
    assert (await one.ask(next(iter(newest)))).status == 503
    assert await replay(two, tmp_path / "two") == []

    for number, (token, older) in enumerate(newest.items()):
        assert (await one.ask(token, (LEGACY, NEW)[number % 2])).status == 200
        assert (await two.ask(older, NEW)).status == 200
    assert provider.counts()["revoked"] == before["revoked"]
    await one.close()
    await two.close()


async def test_without_replay_everything_is_lost(database: str, provider: Provider, tmp_path: Path) -> None:
    """So the test above can fail: the database holds tokens that were used."""
    backup, newest = await used_after_the_backup(database, provider, tmp_path, TIMES)
    one = desk(backup, tmp_path / "three", provider.port)
    everybody = [(tmp_path / name / "grants/host").read_text() for name in ("one", "two")]
    assert await one.tables.replayed(one.spool.host, everybody) == []

    replies = [await one.ask(older) for older in newest.values()]
    assert {said(reply)["error"] for reply in replies} == {"invalid_grant"}
    assert one.desk.figures.calls["aggregator", CallOutcome.INVALID_GRANT] == TIMES
    await one.close()


async def test_a_database_that_has_failed_over_is_closed_at_once(provider: Provider, tmp_path: Path) -> None:
    """Before its first checkpoint, too, which may take minutes: a token that it holds may have been used since."""
    [token] = provider.mint("failed-over")
    async with postgres(durable=True) as server:
        one = desk(server.address, tmp_path, provider.port, longest_wait=0.1)
        token = refreshed(await one.ask(token))
        await fail_over(server)
        before = provider.counts()
        reply = await one.ask(token)
        assert reply.status == 503
        assert "restored or failed over" in said(reply)["error_description"]
        assert await one.tables.replayed(one.spool.host) == []
        assert provider.counts() == before

        refreshed(await one.ask(token))
        await one.close()


async def fail_over(server: Embedded) -> None:
    """It dies, and is promoted as a standby that had everything."""
    os.kill(server.server.pid or 0, signal.SIGKILL)
    await until(server.server.ended)
    _make_standby(server.server.data)
    server.server.start()
    await until(lambda: _is_promoted(server.address))


def _make_standby(data: Path) -> None:
    mark, owner = data / "standby.signal", data.stat()
    mark.touch()
    os.chown(mark, owner.st_uid, owner.st_gid)


async def _is_promoted(address: str) -> bool:
    try:
        connection = await asyncpg.connect(address)
    except (OSError, asyncpg.PostgresError):
        return False  # it is still starting
    promoted = await connection.fetchval("SELECT pg_promote(true, 60)")
    await connection.close()
    return bool(promoted)
