"""A database that goes away without a word, in the middle of a refresh."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from structlog.testing import capture_logs

from tests.clerk.grants.desks import LEGACY, NEW, Desk, desk, refreshed
from tests.clerk.grants.provider import Provider
from tests.e2e.replicas import postgres
from tests.waiting import until

TIMES = 12


async def test_a_token_that_came_while_the_database_was_away_is_committed_when_it_is_back(
    provider: Provider, tmp_path: Path
) -> None:
    """Killed at once (SIGQUIT, as `-m immediate`) while the provider thinks; nothing is lost, nobody asks twice."""
    accounts = [f"away{number}" for number in range(TIMES)]
    async with postgres(durable=True) as server:
        one = desk(server.address, tmp_path, provider.port, timeout=2.0)
        tokens = [refreshed(await one.ask(token)) for token in provider.mint(*accounts)]
        before = provider.counts()
        provider.break_(slow=300)
        asking = asyncio.gather(*(one.ask(token, (LEGACY, NEW)[n % 2]) for n, token in enumerate(tokens)))

        async def all_are_asked() -> bool:
            return (await asyncio.to_thread(provider.counts))["token"] == before["token"] + TIMES

        await until(all_are_asked)
        os.kill(int((server.server.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        await server.stop()
        provider.break_()
        await server.start()
        newest = [refreshed(reply) for reply in await asking]
        assert provider.counts()["used"] == before["used"] + TIMES

        assert [refreshed(await one.ask(token, NEW)) for token in tokens] == newest
        await one.close()
    assert set(accounts) <= provider.alive()


async def test_what_the_database_refuses_is_tried_again(one: Desk, provider: Provider) -> None:
    """Its cause is mended after a while; the token that was used is not used again meanwhile, and nothing is lost."""
    [token] = provider.mint("refused")
    token = refreshed(await one.ask(token))
    await alter(one, "ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    before = provider.counts()["used"]
    with capture_logs() as logs:
        asking = asyncio.ensure_future(one.ask(token))
        await until(lambda: any(each["event"] == "grant_commit_refused" for each in logs))
        await alter(one, "DROP CONSTRAINT full_up")
        newest = refreshed(await asking)

    assert refreshed(await one.ask(token, NEW)) == newest
    assert provider.counts()["used"] == before + 1
    assert "refused" in provider.alive()


async def alter(one: Desk, how: str) -> None:
    async with one.connections.connection() as connection:
        await connection.execute(f"ALTER TABLE banyan.grant_access {how}")


async def test_without_a_database_nothing_is_sent(provider: Provider, tmp_path: Path) -> None:
    """The client is told to come back, and the token is used when it does."""
    [token] = provider.mint("nobase")
    async with postgres(durable=True) as server:
        one = desk(server.address, tmp_path, provider.port, timeout=2.0, connect=1.0)
        token = refreshed(await one.ask(token))
        await server.stop()
        before = provider.counts()
        assert (await one.ask(token)).status == 503
        assert provider.counts() == before
        await server.start()

        async def is_back() -> bool:
            return (await one.ask(token)).status == 200

        await until(is_back)
        await one.close()
    assert "nobase" in provider.alive()
