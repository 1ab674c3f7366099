"""A bounded memory of how often each client of a brown-out has called; shared by all workers of a machine.

Rule 1: one word of 64 bits per client: a tag of 24 bits, the minute of its last call in 16, its calls in 24. A word is
        read and written whole, so processes share the memory without a lock: what two of them write in the same
        moment can be counted once, but is never torn.
Rule 2: a client has one bucket of eight words; when that is full, the one that called last of all longest ago gives
        way, if that is a day ago: who tries again is not driven out by who came between. Else it has no room. Who
        comes again after it gave way is met anew.
Rule 3: minutes are of a clock that all of them share, around a face of 45 days. At its end the count goes back to its
        middle: a first call comes once, and no number for ever, since each says whether its call goes without.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

WORDS: Final = 1 << 15
SIZE: Final = WORDS * 8
"""Bytes: 32,768 clients in 256 KiB."""
_BUCKET: Final = 8
_MINUTE: Final = 60.0
_CALLS: Final = (1 << 24) - 1
_MIDDLE: Final = 1 << 23
_DAY: Final = 24 * 60
NO_ROOM: Final = -1
_MINUTES: Final = (1 << 16) - 1
_MINUTE_AT: Final = 24
_TAG: Final = ((1 << 24) - 1) << 40


def counted_as(route: str, policy_id: str, client: str) -> int:
    """The 64 bits that stand for a client of one brown-out."""
    text = f"{route}\0{policy_id}\0{client}".encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(text, digest_size=8, person=b"banyan-calls").digest(), "big")


def private_counts() -> CallCounts:
    """Memory of its own, for a process that shares none."""
    return CallCounts(memoryview(bytearray(SIZE)).cast("Q"))


class CallCounts:
    """`words` is memory in which unsigned numbers of 64 bits stand, a power of two of them and at least eight."""

    __slots__ = ("_buckets", "_words")

    def __init__(self, words: memoryview[int]) -> None:
        """`words` may hold counts already."""
        self._words = words
        self._buckets = len(words) // _BUCKET - 1

    def add(self, client: int, now: float, *, drives_out: bool = False) -> int:
        """Count one more call; returns how many came before it, or `NO_ROOM`: it was not counted (rule 2).

        `client` is `counted_as`, `now` in seconds. One that `drives_out` has room for sure.
        """
        first, tag, minute = (client & self._buckets) * _BUCKET, client & _TAG, int(now / _MINUTE) & _MINUTES
        words = self._words
        place, before, oldest = first, 0, -1
        for at in range(first, first + _BUCKET):
            word = words[at]
            if word and word & _TAG == tag:
                place, before = at, word & _CALLS
                break
            age = _MINUTES + 1 if not word else (minute - (word >> _MINUTE_AT)) & _MINUTES
            if age > oldest:
                place, oldest = at, age
        if not before and 0 <= oldest < _DAY and not drives_out and words[place] & _TAG != tag:
            return NO_ROOM
        words[place] = tag | minute << _MINUTE_AT | (before + 1 if before < _CALLS else _MIDDLE)
        return before
