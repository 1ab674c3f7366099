"""How long a refresh takes at the aggregator itself, and before it through Banyan: first uses, and stored answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import aiohttp

from examples.accounts.systems.settings import CARD_ADDRESS, CLIENT, CLIENT_SECRET
from examples.stage.children import StoryError

AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class TokenTimes:
    """Milliseconds: the middle one and the 99th of a hundred."""

    p50: float
    p99: float

    def __str__(self) -> str:
        """As the story tells it."""
        return f"p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms"


@dataclass(frozen=True, slots=True)
class Timed:
    """The same number of refreshes each."""

    direct: TokenTimes
    first_use: TokenTimes
    stored: TokenTimes


class TokenClient:
    """A client of a token endpoint that calls from one system's address."""

    def __init__(self, url: str, address: str = CARD_ADDRESS) -> None:
        """`url` without the path; to be made inside the loop."""
        self._url = f"{url}/token"
        connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=300)
        self._client = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60))
        self.times: list[float] = []

    async def refresh(self, token: str) -> dict[str, Any]:
        """StoryError when it is refused."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        began = time.perf_counter()
        async with self._client.post(self._url, data=form, auth=aiohttp.BasicAuth(CLIENT, CLIENT_SECRET)) as answer:
            said: dict[str, Any] = await answer.json(content_type=None)
        self.times.append(time.perf_counter() - began)
        if answer.status != 200:
            raise StoryError(f"{self._url} answered {answer.status}: {said}")
        return said

    async def close(self) -> None:
        """Its connections."""
        await self._client.close()


async def time_tokens(aggregator: str, banyan: str, spare: Sequence[str]) -> Timed:
    """With a half of these tokens each."""
    half = len(spare) // 2
    direct = await _timed(aggregator, spare[:half])
    first = await _timed(banyan, spare[half:])
    stored = await _timed(banyan, spare[half:])
    return Timed(direct, first, stored)


async def _timed(url: str, tokens: Sequence[str]) -> TokenTimes:
    client = TokenClient(url)
    left = iter(tokens)

    async def some() -> None:
        for token in left:
            await client.refresh(token)

    try:
        await client.refresh(next(left))  # connects
        client.times.clear()
        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    finally:
        await client.close()
    cuts = [cut * 1000 for cut in quantiles(client.times, n=100)]
    return TokenTimes(cuts[49], cuts[98])
