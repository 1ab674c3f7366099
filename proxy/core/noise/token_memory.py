"""The newest tokens that were in answers, by hash, each with what it was about; the oldest goes first."""

from __future__ import annotations

from typing import Generic, TypeVar

from xxhash import xxh3_64_intdigest

About = TypeVar("About")


class TokenMemory(Generic[About]):
    """Tokens as 64-bit hashes."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        """Empty."""
        self._kept: dict[int, About] = {}

    def __len__(self) -> int:
        """How many tokens are known."""
        return len(self._kept)

    def about(self, token: str) -> About | None:
        """What the token was last said about, None if it is not known."""
        return self._kept.get(_hashed(token))

    def say(self, token: str, about: About, most: int) -> None:
        """The token is the newest now; the oldest beyond `most` go."""
        hashed = _hashed(token)
        self._kept.pop(hashed, None)
        self._kept[hashed] = about
        while len(self._kept) > most:
            del self._kept[next(iter(self._kept))]


def _hashed(token: str) -> int:
    return xxh3_64_intdigest(token.encode("utf-8", "replace"))
