"""Keys that tokens have named and no set has: when each was first seen, and whether its set was asked for since.

Rule 1: a key is missing for certain only when its set was looked at after it was first seen.
Rule 2: it stays so until its set changes, and for `SURE_FOR` at most: an issuer may show a key after its first use.
Rule 3: so many are remembered, the oldest are forgotten: one that comes again is as new.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from time import time
from typing import Final

MOST: Final = 4096
SURE_FOR: Final = 30.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class MissingKey:
    """`kid` as a token names it, whatever it holds; empty: it names none, and the set at `source` has no key at all."""

    source: str
    kid: str


@dataclass(slots=True)
class _Seen:
    source: str
    since: float
    answered: float = 0.0


class MissingKeys:
    """One worker's; times in unix seconds."""

    __slots__ = ("_clock", "_seen")

    def __init__(self, clock: Callable[[], float] = time) -> None:
        """None was named yet."""
        self._clock = clock
        self._seen: dict[bytes, _Seen] = {}

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._seen)

    def see(self, key: MissingKey) -> bool:
        """A token has named it; whether it is new here."""
        digest, now = _digest_of(key), self._clock()
        seen = self._seen.get(digest)
        if seen is not None and (not seen.answered or self._is_sure(seen, now)):
            return False
        self._seen.pop(digest, None)
        if len(self._seen) >= MOST:
            del self._seen[next(iter(self._seen))]
        self._seen[digest] = _Seen(key.source, now)
        return True

    def since(self, key: MissingKey) -> float:
        """When it was first seen; now, where that is forgotten."""
        seen = self._seen.get(_digest_of(key))
        return self._clock() if seen is None else seen.since

    def is_certain(self, key: MissingKey) -> bool:
        """Rules 1 and 2."""
        seen = self._seen.get(_digest_of(key))
        return seen is not None and self._is_sure(seen, self._clock())

    def answered(self, source: str, began: float) -> None:
        """The set was looked at, from `began` on, and what is missing still is."""
        for seen in self._seen.values():
            if seen.source == source and seen.since <= began:
                seen.answered = began

    def changed(self, source: str) -> None:
        """The set is another now: what was certain is so no more."""
        gone = [digest for digest, seen in self._seen.items() if seen.source == source and seen.answered]
        for digest in gone:
            del self._seen[digest]

    def _is_sure(self, seen: _Seen, now: float) -> bool:
        return seen.answered > 0 and abs(now - seen.answered) < SURE_FOR


def _digest_of(key: MissingKey) -> bytes:
    """A name may be as long as a token."""
    return sha256(f"{key.source} {key.kid}".encode(errors="surrogatepass")).digest()
