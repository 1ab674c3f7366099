"""The token endpoint through whole Banyans: two replicas with two workers each, one PostgreSQL, a real provider."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from tests.clerk.grants.desks import LEGACY, NEW
from tests.e2e.grants.aggregator import Aggregator, aggregator, replica
from tests.waiting import until


async def test_two_systems_share_tokens_that_exist_once(tmp_path: Path) -> None:
    """Stale copies at both, two hundred first uses at once, a clerk that is killed in the middle: none is lost."""
    async with aggregator(tmp_path) as whole:
        await turns(whole)
        await crowd(whole)
        await killed(whole)
        assert whole.provider.counts()["revoked"] == 0


async def test_a_token_that_is_on_its_way_outlives_the_end(tmp_path: Path) -> None:
    """SIGTERM while the provider thinks: its client is answered, and what came is kept."""
    async with aggregator(tmp_path, 1) as whole:
        [token] = whole.provider.mint("ending")
        current = (await whole.refresh(token)).body["refresh_token"]
        before = whole.provider.counts()["token"]
        whole.provider.break_(slow=1000)
        asking = asyncio.ensure_future(whole.refresh(current))

        async def is_asked() -> bool:
            return (await asyncio.to_thread(whole.provider.counts))["token"] > before

        await until(is_asked)
        whole.banyans[0].signal(signal.SIGTERM)
        assert (await asking).status == 200
        assert await whole.banyans[0].ended() == 0
        whole.provider.break_()
        async with replica(whole, 0) as again:
            whole.banyans[0] = again
            newest = await whole.refresh(token, NEW)
        assert newest.body["access_token"] == (await asking).body["access_token"]


async def turns(whole: Aggregator) -> None:
    """Each system refreshes with its old copy, by another replica each time."""
    [token] = whole.provider.mint("turns")
    copies = {LEGACY: token, NEW: token}
    for turn in range(8):
        address = (LEGACY, NEW)[turn % 2]
        reply = await whole.refresh(copies[address], address, at=turn // 2 % 2)
        assert reply.status == 200, reply.body
        copies[address] = reply.body["refresh_token"]
    assert whole.provider.alive() == {"turns"}


async def crowd(whole: Aggregator) -> None:
    [token] = whole.provider.mint("crowd")
    before = whole.provider.counts()
    replies = await asyncio.gather(*(whole.refresh(token, at=number % 2) for number in range(200)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body["access_token"] for reply in replies}) == 1
    assert whole.provider.counts()["token"] == before["token"] + 1


async def killed(whole: Aggregator) -> None:
    """The provider is slow, and the clerk dies while it thinks; its successor asks again, within the grace."""
    [token] = whole.provider.mint("killed")
    whole.provider.break_(kill=whole.banyans[0].child("clerk"), grace=30)
    reply = await whole.refresh(token)
    assert reply.status == 200, reply.body
    assert (await whole.refresh(token, NEW, at=1)).body["refresh_token"] == reply.body["refresh_token"]
    whole.provider.break_(grace=0)
