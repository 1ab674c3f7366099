"""What is being written: where a read and a write overlap, each side may have been asked about another state.

Rule 1: a write counts from its start until its answer is out, against reads of the same cohort on the same path.
Rule 2: bounded: of the writes that are over, the newest are known; a read that began before those may have met any.
Rule 3: nothing that a client sent is kept, only a hash of it: two that meet there make a read count as overlapped.
"""

from __future__ import annotations

from time import monotonic

from proxy.edge.exchange import Exchange

MOST = 4096
"""Writes that are over and still known."""


class Writes:
    """The writes of one worker; what it is asked about is a path and a cohort's key."""

    def __init__(self) -> None:
        """Nothing is written."""
        self._running: dict[int, int] = {}
        self._ended: dict[int, float] = {}
        self._forgotten = 0.0

    def begin(self, written: int) -> None:
        """One has begun."""
        self._running[written] = self._running.get(written, 0) + 1

    def end(self, written: int) -> None:
        """One that had begun is over."""
        left = self._running.pop(written, 1) - 1
        if left:
            self._running[written] = left
        self._ended.pop(written, None)  # it becomes the newest
        self._ended[written] = monotonic()
        if len(self._ended) > MOST:
            self._forgotten = self._ended.pop(next(iter(self._ended)))

    def overlapped(self, read: int, since: float) -> bool:
        """Whether any write was on at some time after `since` (monotonic)."""
        return read in self._running or self._ended.get(read, self._forgotten) >= since


def place_of(path: bytes, cohort: bytes) -> int:
    """What stands for a path and a cohort's key: rule 3."""
    return hash((path, cohort))


class Writing(Exchange):
    """An exchange that is known as a write while it runs; `writes` None: as none."""

    writes: Writes | None = None
    written = 0

    def open(self, rest: bytes) -> None:
        """Steps 1 and 2."""
        if self.writes is not None:
            self.writes.begin(self.written)
        super().open(rest)

    def _record(self) -> None:
        super()._record()
        if self.writes is not None:
            self.writes.end(self.written)
