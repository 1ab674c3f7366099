"""Why a write is not begun: what its client is told, with 503."""

from __future__ import annotations

from enum import StrEnum


class NotBegun(StrEnum):
    """Sentences without a stop."""

    AWAY = "the database that would keep it for both sides cannot be asked now"
    MANY = "too many writes are on their way"
    FULL = "too many writes wait for the other side, which has to take some first"
    BUSY = "another write of the same thing is on its way"
    BEHIND = "the side that is to answer now does not have an earlier write of the same thing yet"
    OUTDATED = "clients like this one were moved to the other side, and this replica has not heard of it yet"
    MOVING = "clients like this one are being moved from one side to the other"
    UNKNOWN = "it is not known yet where this route stands"
