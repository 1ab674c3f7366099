"""The end of a client's connection after an answer that closes it: what still comes is read and dropped for a moment.

A reset would take the answer away from the client (RFC 9112 section 9.6), and closing over unread bytes is a reset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

LINGER = 3.0
"""Seconds that a closing connection is still read; nginx takes 5, HAProxy none."""
MAX_LINGER = 4 * 1024 * 1024


class Linger:
    """Counts what is dropped."""

    __slots__ = ("_dropped", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        """Nothing yet."""
        self._transport = transport
        self._dropped = 0

    def drop(self, data: bytes) -> None:
        """More of what nobody reads."""
        self._dropped += len(data)
        if self._dropped > MAX_LINGER:
            self._transport.pause_reading()  # closing now would be the reset
