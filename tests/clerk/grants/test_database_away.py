"""A database that goes away without a word, in the middle of a refresh."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from proxy.link.grant_questions import GrantUsed
from tests.clerk.grants.desks import LEGACY, NEW, Desk, desk, refreshed, with_policy
from tests.clerk.grants.provider import Provider, basic
from tests.e2e.replicas import postgres
from tests.store.slow_network import slow_network
from tests.waiting import until

TIMES = 12
LEASE = 0.9


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


@pytest.mark.parametrize("account", ["overdue-shown", "overdue-revoked"])
async def test_a_token_that_may_be_used_up_is_not_used_when_its_lease_is_over(
    account: str, database: str, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other replica has the database first, and finds the lease over: it gives the new token once that is
    committed; a revocation waits for it, too, and ends the grant.
    """
    policy = with_policy(lease=LEASE)
    async with slow_network(database) as network:
        one = desk(network.address, tmp_path / "one", provider.port, policy)
        two = desk(database, tmp_path / "two", provider.port, policy)
        [token] = provider.mint(account)
        token = refreshed(await two.ask(token))
        provider.break_(slow=300)
        before = provider.counts()
        asking = asyncio.ensure_future(one.ask(token))
        await until(lambda: _is_asked(provider, before["token"]))
        network.slow = b"banyan.grant_"
        found, look = asyncio.Event(), two.tables.is_overdue

        async def overdue(family: UUID, epoch: int) -> bool:
            is_overdue = await look(family, epoch)
            found.set()
            return is_overdue

        monkeypatch.setattr(two.tables, "is_overdue", overdue)
        is_revoked = account.endswith("revoked")
        other = asyncio.ensure_future(revoked(two, token) if is_revoked else two.ask(token, NEW))
        await until(found.is_set)
        network.slow = b""
        network.arrive.set()
        newest = refreshed(await asking)
        reply = await other
        assert provider.counts()["used"] == before["used"] + 1
        for each in (one, two):
            await each.close()
    assert reply.status == 200
    assert is_revoked or refreshed(reply) == newest
    assert (account in provider.alive()) is not is_revoked


async def _is_asked(provider: Provider, before: int) -> bool:
    return (await asyncio.to_thread(provider.counts))["token"] > before


async def revoked(one: Desk, token: str) -> GrantUsed:
    return await one.post(urlencode({"token": token}).encode(), ("authorization", basic()), path="/token/revocation")


async def test_a_database_away_for_longer_than_a_lease_costs_no_grant(provider: Provider, tmp_path: Path) -> None:
    """Two replicas, both of which ask for every grant all the while; each token is used once."""
    accounts = [f"longer{number}" for number in range(TIMES)]
    policy = with_policy(lease=LEASE)
    async with postgres(durable=True) as server:
        one, two = [
            desk(server.address, tmp_path / name, provider.port, policy, timeout=2.0, connect=1.0, longest_wait=0.1)
            for name in ("one", "two")
        ]
        tokens = [refreshed(await one.ask(token)) for token in provider.mint(*accounts)]
        before = provider.counts()
        provider.break_(slow=300)
        asking = [asyncio.ensure_future(one.ask(token)) for token in tokens]

        async def all_are_asked() -> bool:
            return (await asyncio.to_thread(provider.counts))["token"] == before["token"] + TIMES

        await until(all_are_asked)
        os.kill(int((server.server.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        await server.stop()
        provider.break_()
        others = [asyncio.ensure_future(until_given(two, token)) for token in tokens]
        await asyncio.sleep(2 * LEASE)
        await server.start()
        newest = [refreshed(reply) for reply in await asyncio.gather(*asking)]
        assert await asyncio.gather(*others) == newest
        assert provider.counts()["used"] == before["used"] + TIMES
        for each in (one, two):
            await each.close()
    assert set(accounts) <= provider.alive()


async def until_given(one: Desk, token: str) -> str:
    """The newest token, however often it has to be asked for."""
    replies: list[GrantUsed] = []

    async def given() -> bool:
        replies.append(await one.ask(token, NEW))
        return replies[-1].status != 503

    await until(given)
    return refreshed(replies[-1])
