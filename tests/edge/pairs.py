"""Where pairs go in tests of the data plane: they are read back from their frames."""

from __future__ import annotations

import asyncio

from proxy.core.parity.pair import Pair
from proxy.link.pairs import decode
from tests.edge.scripted import PATIENCE


class Pairs:
    """A recorder that takes `most` frames and then has no room; it compares nothing."""

    def __init__(self, most: int = 1_000_000) -> None:
        self.ready = True
        self.taken: list[Pair] = []
        self._most = most
        self._queue: asyncio.Queue[Pair] = asyncio.Queue()

    def offer(self, frame: bytes) -> bool:
        """Take a frame."""
        if len(self.taken) >= self._most:
            return False
        assert int.from_bytes(frame[:4], "big") == len(frame) - 4
        pair = decode(frame[4:])
        self.taken.append(pair)
        self._queue.put_nowait(pair)
        return True

    async def next(self) -> Pair:
        """The next pair."""
        async with asyncio.timeout(PATIENCE):
            return await self._queue.get()
