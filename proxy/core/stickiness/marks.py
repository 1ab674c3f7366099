"""A bounded memory of marks, each saying for a while which side something belongs to; shared by all workers.

Rule 1: one word of 64 bits per mark: a tag of 33 bits, when it ends, and the side. A word is read and written whole, so
        processes share the memory without a lock: what two of them write at once can be missing, but is never torn.
Rule 2: a mark has one bucket of eight words; when that is full, the one that ends first gives way.
Rule 3: time is a clock that all of them share, in sixteenths of a second; a mark never ends early, and at most a
        sixteenth late.
"""

from __future__ import annotations

from hashlib import blake2b
from math import ceil

from proxy.core.outcome import Side

WORDS = 1 << 17
SIZE = WORDS * 8
"""Bytes: 131,072 marks in 1 MiB."""
_BUCKET = 8
_TICKS = 16
_TIME_BITS = 30
_TIMES = (1 << _TIME_BITS) - 1
_HALF = 1 << (_TIME_BITS - 1)
_TAG_AT = _TIME_BITS + 1
_TAG = ((1 << 64) - 1) ^ ((1 << _TAG_AT) - 1)
_SIDES = (Side.LEGACY, Side.NEW)


def mark_of(key: bytes, scope: str, kind: bytes, value: bytes) -> int:
    """The 64 bits that stand for a value; nobody without the key can find others that look the same."""
    text = b"%b\0%b\0%b" % (scope.encode(), kind, value)
    return int.from_bytes(blake2b(text, digest_size=8, key=key, person=b"banyan-mark").digest(), "big")


class MarkTable:
    """`words` is memory in which unsigned numbers of 64 bits stand, a power of two of them and at least eight."""

    __slots__ = ("_buckets", "_words")

    def __init__(self, words: memoryview[int]) -> None:
        """`words` may hold ties already."""
        self._words = words
        self._buckets = len(words) // _BUCKET - 1

    def get(self, mark: int, now: float) -> tuple[Side, float] | None:
        """The side, while it holds, and for how many seconds it still does; `now` in seconds."""
        first, tag, tick = (mark & self._buckets) * _BUCKET, mark & _TAG, int(now * _TICKS)
        words = self._words
        for at in range(first, first + _BUCKET):
            word = words[at]
            if word and word & _TAG == tag and 0 < (left := _left(word, tick)) < _HALF:
                return _SIDES[word & 1], left / _TICKS
        return None

    def put(self, mark: int, side: Side, now: float, lasts: float) -> None:
        """Remember it for `lasts` seconds from now."""
        first, tag, tick = (mark & self._buckets) * _BUCKET, mark & _TAG, int(now * _TICKS)
        words = self._words
        place, least = first, _HALF
        for at in range(first, first + _BUCKET):
            word = words[at]
            left = _left(word, tick)
            if word & _TAG == tag and word:
                place = at
                break
            if not word or left >= _HALF:
                left = -1
            if left < least:
                place, least = at, left
        ends = ceil((now + lasts) * _TICKS) & _TIMES
        words[place] = tag | ends << 1 | (side is Side.NEW)

    def clear(self) -> None:
        """Forget everything."""
        whole = self._words.cast("B")
        whole[:] = bytes(len(whole))


def _left(word: int, tick: int) -> int:
    """Ticks until it ends, around the clock: half of its face and more lies in the past."""
    return ((word >> 1) - tick) & _TIMES
