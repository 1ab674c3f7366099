"""A database that is older than what was handed out: closed until every host has read its spool into it."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from proxy.core.grants.token_answer import CallOutcome
from proxy.store.grant_records import APPLIED, OPEN, records_in, spool_files
from tests.clerk.grants.desks import LEGACY, NEW, Desk, desk, refreshed, said
from tests.clerk.grants.provider import Provider

TIMES = 12


async def restored(database: str, provider: Provider, folder: Path) -> tuple[str, dict[str, str]]:
    """The address of a database as it was before each grant was used once more, by two hosts in turn; its tokens."""
    hosts = [desk(database, folder / name, provider.port) for name in ("one", "two")]
    accounts = [f"{Path(database).name}-{number}" for number in range(TIMES)]
    tokens = [refreshed(await hosts[0].ask(token)) for token in provider.mint(*accounts)]
    for each in hosts:
        await each.recover()
        await each.connections.close()
    backup = await copied(database)
    newest = []
    for number, token in enumerate(tokens):
        first = refreshed(await hosts[number % 2].ask(token))
        newest.append(refreshed(await hosts[(number + 1) % 2].ask(first)))
    for each in hosts:
        await each.close()
    return backup, dict(zip(newest, tokens, strict=True))


async def copied(database: str) -> str:
    """A copy as a restore makes it."""
    name = database.partition("?")[0].rpartition("/")[2]
    connection = await asyncpg.connect(database.replace(f"/{name}", "/postgres"))
    await connection.execute(f"CREATE DATABASE {name}_restored TEMPLATE {name}")
    await connection.close()
    return database.replace(f"/{name}", f"/{name}_restored")


async def replay(here: Desk, folder: Path) -> list[str]:
    for path in spool_files(folder, OPEN, APPLIED):
        for record in records_in(path.read_bytes()):
            await here.tables.replay(record)
    return await here.tables.replayed(here.spool.host)


async def test_with_replay_nothing_is_lost(database: str, provider: Provider, tmp_path: Path) -> None:
    """Closed at first, closed while a host is missing, then every newest token is known, whoever got it where."""
    backup, newest = await restored(database, provider, tmp_path)
    one, two = (desk(backup, tmp_path / name, provider.port) for name in ("one", "two"))
    for token, older in newest.items():
        assert [(await one.ask(each)).status for each in (token, older)] == [503, 503]
    assert await replay(one, tmp_path / "one") == [two.spool.host]
    assert (await one.ask(next(iter(newest)))).status == 503
    assert await replay(two, tmp_path / "two") == []

    for number, (token, older) in enumerate(newest.items()):
        assert (await one.ask(token, (LEGACY, NEW)[number % 2])).status == 200
        assert (await two.ask(older, NEW)).status == 200
    assert provider.counts()["revoked"] == 0
    await one.close()
    await two.close()


async def test_without_replay_everything_is_lost(database: str, provider: Provider, tmp_path: Path) -> None:
    """So the test above can fail: the database holds tokens that were used."""
    backup, newest = await restored(database, provider, tmp_path)
    one = desk(backup, tmp_path / "three", provider.port)
    everybody = [(tmp_path / name / "grants/host").read_text() for name in ("one", "two")]
    assert await one.tables.replayed(one.spool.host, everybody) == []

    replies = [await one.ask(older) for older in newest.values()]
    assert {said(reply)["error"] for reply in replies} == {"invalid_grant"}
    assert one.desk.figures.calls["aggregator", CallOutcome.INVALID_GRANT] == TIMES
    await one.close()
