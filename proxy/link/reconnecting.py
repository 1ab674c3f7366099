"""A Unix connection that is kept for ever: whoever is at its other end may go and come back.

Rule 1: one object for all connections, one after the other; what is written while nobody is there is lost.
Rule 2: an end that is gone is looked for again, ever more slowly, up to every `longest` seconds.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

FIRST_DELAY = 0.05


class KeptLink(asyncio.Protocol):
    """Connects again and again; what goes over the connection is up to those who inherit."""

    def __init__(self, path: Path, longest: float) -> None:
        """`path` is the other end's socket, `longest` how many seconds lie between two looks at the most."""
        self.lost = asyncio.Event()
        self._path = path
        self._longest = longest
        self._transport: asyncio.Transport | None = None

    @property
    def unread(self) -> int | None:
        """Bytes that the other end has not taken yet; None when nobody is there."""
        transport = self._transport
        return None if transport is None else transport.get_write_buffer_size()

    async def run(self) -> None:
        """Keep the connection, for ever."""
        loop = asyncio.get_running_loop()
        delay = FIRST_DELAY
        while True:
            self.lost.clear()
            try:
                await loop.create_unix_connection(self._itself, str(self._path))
            except OSError:
                await asyncio.sleep(delay)
                delay = min(delay * 2, self._longest)
                continue
            delay = FIRST_DELAY
            await self.lost.wait()

    def _itself(self) -> KeptLink:
        return self

    def write(self, data: bytes) -> None:
        """Send it, if anybody is there."""
        if self._transport is not None:
            self._transport.write(data)

    def end(self) -> None:
        """Send what waits, and close."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The other end is there."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end is gone."""
        del exc
        self._transport = None
        self.lost.set()
