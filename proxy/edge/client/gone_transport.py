"""Stands in for the transport of a client that has left while its request still runs: takes all, does nothing."""

from __future__ import annotations

import asyncio


class GoneTransport(asyncio.Transport):
    """Closed, and never in anybody's way."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Nobody reads it."""

    def is_closing(self) -> bool:
        """It has ended."""
        return True

    def get_write_buffer_size(self) -> int:
        """Nothing waits."""
        return 0

    def pause_reading(self) -> None:
        """Nothing comes."""

    def resume_reading(self) -> None:
        """Nothing comes."""

    def can_write_eof(self) -> bool:
        """It has no half to end."""
        return False

    def close(self) -> None:
        """It has ended."""

    def abort(self) -> None:
        """It has ended."""


GONE = GoneTransport()
