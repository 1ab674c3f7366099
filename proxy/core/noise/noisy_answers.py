"""Legacy's last answers on one route by what was asked: a request that comes again shows what legacy repeats.

Rule 1: the same request is the same method, target, body, cohort and fields, but for those that change with every call
        and validators. What is remembered of them is a hash.
Rule 2: an answer is remembered for `LONGEST_GAP`, if it is whole and not too large; 256 of a route, and so many bytes.
Rule 3: two answers show noise only if the first had ended before the second was asked for, and the cohort wrote nothing
        there in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from xxhash import xxh3_64_intdigest

from proxy.core.noise.clock import times_of
from proxy.core.noise.measure import LONGEST_GAP
from proxy.core.noise.memory_bounds import LARGEST, MemoryBounds
from proxy.core.parity.fields import FRAMING, PER_CALL
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Pair

MOST = 256
FIXED = 1000
"""Bytes that an answer is taken to hold beside its body."""
_VALIDATORS = frozenset(
    {b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range", b"range"}
)
_LEFT_OUT = FRAMING | PER_CALL | _VALIDATORS


class RememberedAnswer(NamedTuple):
    """An answer of legacy, when it was asked for and whole, and by key the tokens that new said beside it."""

    answer: CapturedAnswer
    began: float
    answered: float
    new: Mapping[str, object]


def asked_as(request: CapturedRequest, cohort: int) -> int:
    """The 64-bit hash that stands for a request, by rule 1."""
    parts = [b"%d" % cohort, request.method, request.target, request.body]
    for name, value in request.fields:
        lower = name.lower()
        if lower not in _LEFT_OUT:
            parts += (lower, value)
    return xxh3_64_intdigest(b"\0".join(parts))


class Answers:
    """Answers of legacy by what stands for their request (`asked_as`)."""

    __slots__ = ("_kept", "_room", "_size")

    def __init__(self, room: MemoryBounds) -> None:
        """Nothing is remembered."""
        self._room = room
        self._kept: dict[int, RememberedAnswer] = {}
        self._size = 0

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._kept)

    def before(self, asked: int, pair: Pair) -> RememberedAnswer | None:
        """What legacy said to the same request, see rule 3."""
        found = self._kept.get(asked)
        times = times_of(pair)
        if found is None or found.answered > times.legacy_began or found.answer.status != pair.legacy.status:
            return None
        late = times.legacy_answered - found.answered > LONGEST_GAP
        return None if late or pair.written_at > found.began else found

    def keep(self, asked: int, pair: Pair, new: Mapping[str, object]) -> None:
        """Remember legacy's answer in place of the one before."""
        answer, times = pair.legacy, times_of(pair)
        self._drop(asked)
        size = len(answer.body) + FIXED
        if answer.failure or answer.size != len(answer.body) or len(answer.body) > LARGEST:
            return
        while self._kept and (len(self._kept) >= MOST or self._size + size > self._room.bytes_of_route):
            self._drop(next(iter(self._kept)))
        if self._room.fits(size):
            self._kept[asked] = RememberedAnswer(answer, times.legacy_began, times.legacy_answered, new)
            self._resize(size)

    def forget(self, before: float) -> None:
        """Let go of what was answered before then (unix seconds)."""
        while self._kept:
            oldest = next(iter(self._kept))
            if self._kept[oldest].answered >= before:
                return
            self._drop(oldest)

    def _drop(self, asked: int) -> None:
        gone = self._kept.pop(asked, None)
        if gone is not None:
            self._resize(-len(gone.answer.body) - FIXED)

    def _resize(self, by: int) -> None:
        self._size += by
        self._room.size += by
