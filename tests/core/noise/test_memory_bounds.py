"""What all memories may hold."""

from __future__ import annotations

from proxy.core.noise.memory_bounds import (
    LARGEST,
    MOST_BYTES,
    MOST_BYTES_OF_ROUTE,
    MOST_KEYS,
    MOST_KEYS_OF_ROUTE,
    MOST_TOKENS,
    MOST_TOKENS_OF_ROUTE,
    MemoryBounds,
)


def test_a_route_gets_less_with_more_routes() -> None:
    """All of them together stay within the bounds."""
    room = MemoryBounds()
    assert (room.bytes_of_route, room.tokens_of_route) == (MOST_BYTES_OF_ROUTE, MOST_TOKENS_OF_ROUTE)
    room.routes = 1000

    assert (room.bytes_of_route, room.tokens_of_route) == (MOST_BYTES // 1000, MOST_TOKENS // 1000)
    room.routes = 100_000
    assert room.bytes_of_route == LARGEST


def test_what_exceeds_the_room_is_not_remembered() -> None:
    """Bytes of all routes, keys of one and of all."""
    room = MemoryBounds()
    room.size = MOST_BYTES - 10
    assert (room.fits(10), room.fits(11)) == (True, False)
    assert (room.admits_key(MOST_KEYS_OF_ROUTE - 1), room.admits_key(MOST_KEYS_OF_ROUTE)) == (True, False)
    room.keys = MOST_KEYS
    assert not room.admits_key(0)
