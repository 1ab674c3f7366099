"""What was looked up before a commit, and is acted on after it."""

from __future__ import annotations

import asyncio

import pytest

from proxy.store.postgres.grant_tables import KnownToken
from tests.clerk.grants.desks import LEGACY, NEW, Desk, refreshed
from tests.clerk.grants.provider import Provider


async def test_a_look_from_before_a_commit_is_no_restored_database(
    one: Desk, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another system's refresh was committed meanwhile: who had looked before looks again, and gets its token."""
    [brought] = provider.mint("late")
    shown = refreshed(await one.ask(brought))
    looked, go_on = asyncio.Event(), asyncio.Event()
    look = one.tables.look

    async def late(token_hash: bytes, system: str, slot: str) -> KnownToken | None:
        found = await look(token_hash, system, slot)
        if not looked.is_set():
            looked.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(one.tables, "look", late)
    waiting = asyncio.ensure_future(one.ask(shown, NEW))
    await looked.wait()
    current = refreshed(await one.ask(shown, LEGACY))
    go_on.set()

    assert refreshed(await waiting) == current
