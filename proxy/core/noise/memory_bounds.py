"""Bounds of what the noise memories of all routes hold together, and of each: bytes of answers, tokens, keys.

Rule 1: the share of one route falls with the number of routes, so that a thousand hold no more than the sums here.
"""

from __future__ import annotations

MOST_BYTES, MOST_BYTES_OF_ROUTE = 64 * 1024 * 1024, 1024 * 1024
MOST_TOKENS, MOST_TOKENS_OF_ROUTE = 131_072, 4096
"""Of each side: those of new are only of keys at which it differs."""
MOST_KEYS, MOST_KEYS_OF_ROUTE = 20_000, 200
LARGEST = 64 * 1024
"""Bytes of an answer that is remembered."""


class MemoryBounds:
    """`routes` are the memories that hold something; `size` bytes and `keys` are what they hold."""

    __slots__ = ("keys", "routes", "size")

    def __init__(self) -> None:
        """No memory holds anything."""
        self.routes = 0
        self.size = 0
        self.keys = 0

    @property
    def bytes_of_route(self) -> int:
        """Bytes of answers that one route may remember now."""
        return min(MOST_BYTES_OF_ROUTE, max(MOST_BYTES // max(self.routes, 1), LARGEST))

    @property
    def tokens_of_route(self) -> int:
        """Tokens of legacy that one route may remember now."""
        return min(MOST_TOKENS_OF_ROUTE, MOST_TOKENS // max(self.routes, 1))

    def fits(self, size: int) -> bool:
        """Whether so many bytes more may be remembered."""
        return self.size + size <= MOST_BYTES

    def admits_key(self, held: int) -> bool:
        """Whether a route that has so many keys may have another."""
        return held < MOST_KEYS_OF_ROUTE and self.keys < MOST_KEYS
