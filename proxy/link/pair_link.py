"""A worker's end of the comparer's socket: frames go out, nothing comes back, and nobody waits.

Rule 1: what the comparer has not read yet is bounded; beyond, a frame is refused, which its owner counts.
Rule 2: until a comparer that is gone is there again, `ready` says that it is not.
"""

from __future__ import annotations

from pathlib import Path

from proxy.link.reconnecting import KeptLink

MAX_UNREAD = 16 * 1024 * 1024
"""Bytes that may wait for the comparer in one worker."""
LONGEST_DELAY = 2.0
_LEAST_ROOM = 64 * 1024


class PairLink(KeptLink):
    """Implements `Recorder`."""

    def __init__(self, path: Path, most: int = MAX_UNREAD) -> None:
        """`path` is the comparer's socket, `most` bounds what it has not read yet."""
        super().__init__(path, LONGEST_DELAY)
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
