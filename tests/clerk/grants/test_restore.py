"""A database that is older than what was handed out: closed until every host has read its spool into it."""

from __future__ import annotations

from pathlib import Path

from proxy.core.grants.token_answer import CallOutcome
from tests.clerk.grants.desks import LEGACY, NEW, desk, said
from tests.clerk.grants.provider import Provider
from tests.clerk.grants.scenes import replay, used_after_the_backup

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
