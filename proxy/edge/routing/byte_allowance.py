"""Bytes that several may hold together: one bound for all captures of a worker, one for all bodies that steps hold."""

from __future__ import annotations


class ByteAllowance:
    """`used` of `most` bytes are held."""

    __slots__ = ("most", "used")

    def __init__(self, most: int) -> None:
        """All of it is free."""
        self.most = most
        self.used = 0

    def take(self, size: int) -> bool:
        """Whether there was room for so many more."""
        if self.used + size > self.most:
            return False
        self.used += size
        return True

    def give_back(self, size: int) -> None:
        """So many are free again."""
        self.used -= size
