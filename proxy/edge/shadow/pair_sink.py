"""Where pairs of answers go: the comparer's socket, seen from the data plane."""

from __future__ import annotations

from typing import Protocol


class Recorder(Protocol):
    """Takes frames of `proxy.link.pairs`, never waits, and says no when it is full."""

    @property
    def ready(self) -> bool:
        """Whether somebody compares; while nobody does, no shadow is worth its work."""

    def offer(self, frame: bytes) -> bool:
        """Take a frame; False: there is no room, and it is lost."""
