"""Giving a provider's tokens to one system for good: what it is known to hold, and what is left to hand over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from proxy.clerk.grants.sealing import TOKEN
from tests.clerk.grants.desks import LEGACY, NEW, POLICY, desk, refreshed, said
from tests.clerk.grants.provider import Provider

GRANTS = 20


async def test_a_release_proves_who_holds_what(database: str, provider: Provider, tmp_path: Path) -> None:
    """A tenth of the answers never arrive; two sweeps later the heir has shown every current token but those."""
    accounts = [f"released{number}" for number in range(GRANTS)]
    before = desk(database, tmp_path / "one", provider.port)
    copies = {}
    for account, token in zip(accounts, provider.mint(*accounts), strict=True):
        refreshed(await before.ask(token, LEGACY))
        copies[account] = token
    await before.close()
    after = desk(database, tmp_path / "one", provider.port, replace(POLICY, heir="new"))
    assert said(await after.ask(copies["released0"], LEGACY))["error"] == "invalid_grant"
    for sweep in range(2):
        for number, account in enumerate(accounts):
            answer = refreshed(await after.ask(copies[account], NEW))
            if (number + sweep) % 10:
                copies[account] = answer
    left = await after.tables.families("aggregator", "new", 100)
    sealed = await after.tables.sealed("aggregator", "new")

    assert len(left) == len(sealed) == 2
    fence = after.desk._fences["aggregator"]
    exported = {fence.keys.sealer.open(family, TOKEN, token).reveal().decode() for family, _, _, token in sealed}
    for token in exported | set(copies.values()):
        refreshed(await after.ask(token, NEW))
    assert set(accounts) <= provider.alive()
    await after.close()
