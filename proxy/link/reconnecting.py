"""Unix connections that are kept for ever, to control and to the comparer: whoever is at the other end may go and come.

Rule 1: one object for all connections, one after the other; what is written while nobody is there is lost.
Rule 2: an end that is gone is looked for again, ever more slowly, up to every `longest` seconds.
Rule 3: what the comparer has not read yet is bounded; beyond, a frame is refused, which its owner counts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import cast

from proxy.link.messages import ToControl, Unframer, frame

FIRST_DELAY = 0.05
LONGEST_DELAY_CONTROL, LONGEST_DELAY_COMPARER = 1.0, 2.0
"""Seconds between two looks for an end that is gone."""
LAST_MOMENT = 1.0
"""Seconds that the end waits for what is still to be sent."""
MAX_UNREAD = 16 * 1024 * 1024
"""Bytes that may wait for the comparer in one worker."""
_LEAST_ROOM = 64 * 1024


class ReconnectingLink(asyncio.Protocol):
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

    def _itself(self) -> ReconnectingLink:
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


class ControlLink(ReconnectingLink):
    """A worker's or the comparer's end of the link to control: frames both ways; control may be absent at any time."""

    def __init__(self, path: Path, most: int, found: Callable[[], None], heard: Callable[[bytes], None]) -> None:
        """`most` bounds what control has not read; `found` is called at each connection, `heard` with each body."""
        super().__init__(path, LONGEST_DELAY_CONTROL)
        self._most = most
        self._found = found
        self._heard = heard
        self._unframer = Unframer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection to control: begin a new frame, and greet."""
        super().connection_made(transport)
        self._unframer = Unframer()
        self._found()

    def data_received(self, data: bytes) -> None:
        """Frames from control, each handed to `heard` as a body."""
        for body in self._unframer.feed(data):
            self._heard(body)

    @property
    def ready(self) -> bool:
        """Whether a message would go out now; a control that does not read gets none (they add up instead)."""
        unread = self.unread
        return unread is not None and unread < self._most

    def send(self, message: ToControl) -> None:
        """Write the message as a frame; nothing when control is away."""
        self.write(frame(message))

    async def finish(self) -> None:
        """Close once everything is out, or after a moment."""
        if self.unread is not None:
            self.end()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_MOMENT):
                    await self.lost.wait()


class PairLink(ReconnectingLink):
    """A worker's end of the comparer's socket: frames go out, nothing comes back, and nobody waits. A `Recorder`."""

    def __init__(self, path: Path, most: int = MAX_UNREAD) -> None:
        """`path` is the comparer's socket, `most` bounds what it has not read yet."""
        super().__init__(path, LONGEST_DELAY_COMPARER)
        self._most = most

    @property
    def ready(self) -> bool:
        """Whether the comparer is there and reads."""
        unread = self.unread
        return unread is not None and unread < self._most - _LEAST_ROOM

    def offer(self, frame: bytes) -> bool:
        """Take a frame if there is room for it."""
        unread = self.unread
        if unread is None or unread + len(frame) > self._most:
            return False
        self.write(frame)
        return True
