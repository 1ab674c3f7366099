"""How a key stands when a request comes with it, and what became of the request that held it."""

from __future__ import annotations

from enum import StrEnum


class ClaimStanding(StrEnum):
    """What a claim of a key comes to."""

    CLAIMED = "claimed"
    """The request may go on: the key is its own."""
    RUNNING = "running"
    """Another request with the key has not been answered yet."""
    OTHER_PAYLOAD = "other_payload"
    """The key was used for something else."""
    ANSWERED = "answered"
    """It was executed; the answer is here."""
    UNKEPT = "unkept"
    """It was executed; the answer was not kept."""
    UNKNOWN = "unknown"
    """It was sent, and nobody knows what became of it."""


class Settlement(StrEnum):
    """What became of a request that had claimed its key."""

    ANSWERED = "answered"
    """An answer came whole and is to be kept."""
    UNKEPT = "unkept"
    """An answer came that cannot be kept: too large, or cut off."""
    UNSENT = "unsent"
    """It was executed by nobody: the key is free."""
    UNKNOWN = "unknown"
    """It was sent, and no answer came."""
