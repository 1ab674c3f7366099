"""What happens to tokens, as often as one likes: a dozen times in the suite, two hundred in `holds tokens`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import asyncpg

from proxy.clerk.grants.sealing import TOKEN
from proxy.store.grant_records import APPLIED, OPEN, records_in, spool_files
from proxy.store.postgres.grant_tables import GrantTables, TokenIntent
from tests.clerk.grants.desks import LEGACY, NEW, POLICY, Desk, desk, refreshed, said
from tests.clerk.grants.provider import Provider


async def first_uses(desks: Sequence[Desk], provider: Provider, account: str, count: int) -> tuple[int, int]:
    """So many first uses at once, over these replicas: calls that used the token, and clients that got tokens."""
    [token] = provider.mint(account)
    before = provider.counts()["used"]
    replies = await asyncio.gather(*(desks[number % len(desks)].ask(token) for number in range(count)))
    good = [said(reply)["access_token"] for reply in replies if reply.status == 200]
    assert len(set(good)) <= 1
    return provider.counts()["used"] - before, len(good)


async def riders(desks: Sequence[Desk], provider: Provider, account: str) -> tuple[list[int], list[int]]:
    """Fifty right secrets and fifty wrong ones for one token at once: the statuses of both."""
    [token] = provider.mint(account)
    secrets = ["card-secret" if number % 4 < 2 else f"wrong{number}" for number in range(100)]
    asks = [desks[number % len(desks)].ask(token, secret=secret) for number, secret in enumerate(secrets)]
    statuses = [reply.status for reply in await asyncio.gather(*asks)]
    pairs = list(zip(secrets, statuses, strict=True))
    right = [status for secret, status in pairs if secret == "card-secret"]
    return right, [status for secret, status in pairs if secret != "card-secret"]


async def outage(one: Desk, provider: Provider, accounts: Sequence[str], fails: int) -> int:
    """How many of these accounts are answered by a provider that answers so many calls with 500 first."""
    tokens = provider.mint(*accounts)
    provider.break_(fail=fails)
    replies = await asyncio.gather(*(one.ask(token) for token in tokens))
    return sum(reply.status == 200 for reply in replies)


@contextmanager
def without_the_intent_s_commit() -> Iterator[None]:
    """The mutant: a token is sent though nobody else can know that it is."""

    async def intend(tables: GrantTables, family: UUID, epoch: int, _who: str, _lease: float) -> TokenIntent:
        async with tables._connections.connection() as connection:
            known = await connection.fetchrow("SELECT gen, rt FROM banyan.grant_family WHERE id = $1", family)
        assert known is not None
        return TokenIntent(epoch=epoch, generation=known["gen"], token=known["rt"], at=await tables.now())

    name, kept = "intend", GrantTables.intend
    setattr(GrantTables, name, intend)
    try:
        yield
    finally:
        setattr(GrantTables, name, kept)


async def used_after_the_backup(
    database: str, provider: Provider, folder: Path, runs: int
) -> tuple[str, dict[str, str]]:
    """A database as it was before each grant was used twice more, by two hosts in turn; newest and oldest tokens."""
    hosts = [desk(database, folder / name, provider.port) for name in ("one", "two")]
    accounts = [f"{folder.name}-{number}" for number in range(runs)]
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
    """Read a host's spool; the hosts that are still missing."""
    for path in spool_files(folder, OPEN, APPLIED):
        for record in records_in(path.read_bytes()):
            await here.tables.replay(record)
    return await here.tables.replayed(here.spool.host)


async def release(database: str, provider: Provider, folder: Path, grants: int) -> tuple[int, int]:
    """Two sweeps of the heir, in each of which a tenth of the answers are thrown away.

    How many grants it is not proved to hold, and how many are alive with what it holds and what is exported.
    """
    accounts = [f"{folder.name}-{number}" for number in range(grants)]
    before = desk(database, folder / "one", provider.port)
    copies = dict(zip(accounts, provider.mint(*accounts), strict=True))
    for token in copies.values():
        refreshed(await before.ask(token, LEGACY))
    await before.close()
    after = desk(database, folder / "one", provider.port, replace(POLICY, heir="new"))
    assert said(await after.ask(next(iter(copies.values())), LEGACY))["error"] == "invalid_grant"
    for sweep in range(2):
        for number, account in enumerate(accounts):
            answer = refreshed(await after.ask(copies[account], NEW))
            if (number + sweep) % 10:
                copies[account] = answer
    sealed = await after.tables.sealed("aggregator", "new")
    opened = after.desk._fences["aggregator"].keys.sealer.open
    exported = {opened(family, TOKEN, token).reveal().decode() for family, _, _, token in sealed}
    for token in exported | set(copies.values()):
        refreshed(await after.ask(token, NEW))
    await after.close()
    return len(sealed), len(set(accounts) & provider.alive())
