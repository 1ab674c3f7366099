"""A worker's end of the comparer's socket: frames go out, nothing comes back, and nobody waits.

Rule 1: what the comparer has not read yet is bounded; beyond, a frame is refused, which its owner counts.
Rule 2: a comparer that is gone is looked for again, ever more slowly; until it is there, `ready` says that it is not.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import cast

MAX_UNREAD = 16 * 1024 * 1024
"""Bytes that may wait for the comparer in one worker."""
FIRST_DELAY, LONGEST_DELAY = 0.05, 2.0
_LEAST_ROOM = 64 * 1024


class PairLink(asyncio.Protocol):
    """Implements `Recorder`; one object for all connections, one after the other."""

    def __init__(self, path: Path, most: int = MAX_UNREAD) -> None:
        """`path` is the comparer's socket, `most` bounds what it has not read yet."""
        self._path = path
        self._most = most
        self._lost = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    @property
    def ready(self) -> bool:
        """Whether the comparer is there and reads."""
        transport = self._transport
        return transport is not None and transport.get_write_buffer_size() < self._most - _LEAST_ROOM

    def offer(self, frame: bytes) -> bool:
        """Take a frame if there is room for it."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() + len(frame) > self._most:
            return False
        transport.write(frame)
        return True

    async def run(self) -> None:
        """Keep the connection, for ever."""
        loop = asyncio.get_running_loop()
        delay = FIRST_DELAY
        while True:
            self._lost.clear()
            try:
                await loop.create_unix_connection(partial(_same, self), str(self._path))
            except OSError:
                await asyncio.sleep(delay)
                delay = min(delay * 2, LONGEST_DELAY)
                continue
            delay = FIRST_DELAY
            await self._lost.wait()

    def end(self) -> None:
        """Send what waits, and close."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The comparer is there."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The comparer is gone."""
        del exc
        self._transport = None
        self._lost.set()


def _same(link: PairLink) -> PairLink:
    return link
