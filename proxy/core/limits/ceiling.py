"""How full a worker's memory is, and what that means for whom: shed first, refuse then, and come back slowly.

Precedent: Envoy's overload manager shrinks at 0.95 of its heap and stops accepting at 0.98; Python frees more slowly.
"""

from __future__ import annotations

from enum import IntEnum

SHED_AT, CALM_BELOW = 0.85, 0.80
REFUSE_AT, SERVE_BELOW = 0.95, 0.90
"""Shares of the ceiling; the second of each pair lies lower, so that the level does not flap."""
OF_GROUP = 0.9
"""The share of a control group's memory that the workers get together; the rest is control's and the system's."""


class Level(IntEnum):
    """CALM: all is served. SHEDDING: no new connections, none is kept. REFUSING: no new requests either."""

    CALM = 0
    SHEDDING = 1
    REFUSING = 2


def next_level(level: Level, used: int, ceiling: int) -> Level:
    """The level after a look at `used` bytes; without a ceiling (0) it is always CALM."""
    if not ceiling:
        return Level.CALM
    share = used / ceiling
    if share >= REFUSE_AT or (level is Level.REFUSING and share >= SERVE_BELOW):
        return Level.REFUSING
    if share >= SHED_AT or (level is not Level.CALM and share >= CALM_BELOW):
        return Level.SHEDDING
    return Level.CALM


def share_of_group(group: int, workers: int) -> int:
    """One worker's ceiling within a control group of `group` bytes (0: it has no bound)."""
    return int(group * OF_GROUP / workers)
