"""Whether legacy could take requests back: what is known of it on one route.

Rule 1: an answer of legacy, to a client or to a shadow, says that it is up; it outranks a probe for ten seconds.
Rule 2: three failed answers in a row without a good one say that it is down, for a minute after the last.
Rule 3: without such answers its health probe is believed; without a probe nothing is known, which is not "down".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

UP_LASTS, DOWN_LASTS = 10.0, 60.0
IN_A_ROW = 3


class LegacyHealth(StrEnum):
    """Whether legacy answers one route."""

    UP = "up"
    UNKNOWN = "unknown"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Legacy:
    """Its failed answers since the last good one, and when it was last heard (unix seconds; 0: never)."""

    row: int = 0
    at: float = 0.0


def heard(legacy: Legacy, good: int, failed: int, at: float) -> Legacy:
    """After so many answers at once; among them one good one ends the row, as nobody knows their order."""
    if good:
        return Legacy(at=at)
    return Legacy(row=legacy.row + failed, at=at) if failed else legacy


def known(legacy: Legacy, probe: LegacyHealth, now: float) -> LegacyHealth:
    """By rules 1 to 3; `probe` is what the last health probe found."""
    age = now - legacy.at
    if not legacy.row and age <= UP_LASTS:
        return LegacyHealth.UP
    if legacy.row >= IN_A_ROW and age <= DOWN_LASTS:
        return LegacyHealth.DOWN
    return probe
