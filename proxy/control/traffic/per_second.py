"""Counts per second over the last minute, in a fixed piece of memory."""

from __future__ import annotations

from array import array

MINUTE = 60
_SLOTS = MINUTE + 1
"""A minute of whole seconds, and the one that is still running."""


class Ring:
    """Seconds are whole numbers of one steady clock; what is older than a minute is overwritten."""

    __slots__ = ("_counts", "_latest")

    def __init__(self, second: int) -> None:
        """Begin empty at `second`."""
        self._counts = array("Q", bytes(8 * _SLOTS))
        self._latest = second

    def add(self, second: int, count: int) -> None:
        """Count `count` more in `second`, which is never before an earlier call's."""
        for skipped in range(max(self._latest + 1, second - _SLOTS + 1), second + 1):
            self._counts[skipped % _SLOTS] = 0
        self._latest = second
        self._counts[second % _SLOTS] += count

    def total(self, second: int, length: int) -> int:
        """The sum over the `length` whole seconds before `second`; at most a minute of them."""
        low, high = max(second - length, self._latest - MINUTE), min(second, self._latest + 1)
        if high <= low:
            return 0
        start, end = low % _SLOTS, high % _SLOTS
        if start < end:
            return sum(self._counts[start:end])
        return sum(self._counts[start:]) + sum(self._counts[:end])

    def before(self, second: int, length: int) -> list[int]:
        """The `length` whole seconds before `second`, oldest first; at most a minute of them."""
        oldest = self._latest - _SLOTS
        return [
            self._counts[each % _SLOTS] if oldest < each <= self._latest else 0
            for each in range(second - length, second)
        ]
