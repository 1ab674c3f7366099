"""A bounded memory of what was worked out before, keyed by the exact bytes that it was worked out from.

Two generations: what is asked for stays, what is not falls out with its generation. Nothing in here is ever wrong,
since equal bytes mean equal answers; it can only be missing.
"""

from __future__ import annotations

from typing import Generic, TypeVar

Known = TypeVar("Known")


class Memo(Generic[Known]):
    """At most twice `size` entries; keys longer than `longest` bytes are not kept."""

    __slots__ = ("_longest", "_old", "_size", "_young")

    def __init__(self, size: int, longest: int) -> None:
        """Begin with nothing."""
        self._size = size
        self._longest = longest
        self._young: dict[bytes, Known] = {}
        self._old: dict[bytes, Known] = {}

    def get(self, key: bytes) -> Known | None:
        """What is known, if it is."""
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: bytes, known: Known) -> None:
        """Keep it."""
        if len(key) > self._longest:
            return
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = known
