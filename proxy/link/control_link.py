"""A worker's or the comparer's end of the link to control: messages both ways; control may be absent at any time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from proxy.link.messages import ToControl, Unframer, frame
from proxy.link.reconnecting import KeptLink

LONGEST_DELAY = 1.0
LAST_MOMENT = 1.0
"""Seconds that the end waits for what is still to be sent."""


class ControlLink(KeptLink):
    """Frames to and from control."""

    def __init__(self, path: Path, most: int, found: Callable[[], None], heard: Callable[[bytes], None]) -> None:
        """`most` bounds what control has not read; `found` is called at each connection, `heard` with each body."""
        super().__init__(path, LONGEST_DELAY)
        self._most = most
        self._found = found
        self._heard = heard
        self._unframer = Unframer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Control is there."""
        super().connection_made(transport)
        self._unframer = Unframer()
        self._found()

    def data_received(self, data: bytes) -> None:
        """What control says."""
        for body in self._unframer.feed(data):
            self._heard(body)

    @property
    def ready(self) -> bool:
        """Whether a message would go out now; a control that does not read gets none (they add up instead)."""
        unread = self.unread
        return unread is not None and unread < self._most

    def send(self, message: ToControl) -> None:
        """Hand it over."""
        self.write(frame(message))

    async def finish(self) -> None:
        """Close once everything is out, or after a moment."""
        if self.unread is not None:
            self.end()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.lost.wait(), LAST_MOMENT)
