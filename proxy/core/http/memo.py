"""A bounded memory of what was worked out before, keyed by the exact bytes that it was worked out from.

Two generations: what is asked for stays, what is not falls out with its generation. No entry is ever stale, since equal
bytes mean equal answers.
"""

from __future__ import annotations

from typing import Generic, TypeVar

Value = TypeVar("Value")


class Memo(Generic[Value]):
    """At most twice `size` entries; keys longer than `longest` bytes are not kept."""

    __slots__ = ("_longest", "_old", "_size", "_young")

    def __init__(self, size: int, longest: int) -> None:
        """`size` entries a generation, `longest` bytes a key."""
        self._size = size
        self._longest = longest
        self._young: dict[bytes, Value] = {}
        self._old: dict[bytes, Value] = {}

    def get(self, key: bytes) -> Value | None:
        """The entry of these bytes, or None; one of the old generation moves to the young."""
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: bytes, value: Value) -> None:
        """The young generation becomes the old one when it is full."""
        if len(key) > self._longest:
            return
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value
