"""How a key stands when a request claims it, and what became of the request that held it.

Rule 1: the lock is not the record: who holds a key renews its lock; when the lock has run out, its owner is dead.
Rule 2: what was never sent is free again. What was sent is repeated only where that does no harm, with the same
        payload; else nobody but people can know.
Rule 3: an answer of 5xx is not kept. One that says that somebody behind did not answer leaves the outcome unknown.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

LOCK: Final = 90.0
"""Seconds for which a key is its owner's without a sign of life."""
RENEW: Final = 30.0
"""Seconds between two signs of life."""
KEPT: Final = 72 * 3600.0
"""Seconds for which an answer is kept."""
MOST_KEPT: Final = 64 * 1024
"""Bytes of an answer's body that are kept."""
_FAILED: Final = 500
_NOT_TAKEN: Final = frozenset({421, 425, 429})
"""Of another server, too early, too many: what is answered so was not executed (RFC 9110, 8470, 6585)."""
_BAD_GATEWAY, _GATEWAY_TIMEOUT = 502, 504


class KeyPhase(StrEnum):
    """How far the request with the key has come, as far as that was recorded."""

    CLAIMED = "claimed"
    SENT = "sent"
    ANSWERED = "answered"
    UNKEPT = "unkept"


class ClaimOutcome(StrEnum):
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
    """It was executed by nobody, or failed: the key is free."""
    UNKNOWN = "unknown"
    """It was sent, and no answer came."""


class KeyClaim(NamedTuple):
    """A request's claim. `record` (32 bytes) stands for all that a key belongs to, `owner` (16) for the request.

    `route` (its origin) and `key` are for people; `repeatable`: what was sent may be sent again.
    """

    record: bytes
    owner: bytes
    fingerprint: bytes
    route: str
    key: str
    repeatable: bool


class KeptReply(NamedTuple):
    """An answer as it is kept: its fields as lines, without those that frame it."""

    status: int
    lines: tuple[bytes, ...] = ()
    body: bytes = b""


class KeyRecord(NamedTuple):
    """What is recorded of a key. `is_locked`: its owner has shown a sign of life; `tried`: one before it was sent."""

    owner: bytes
    fingerprint: bytes
    phase: KeyPhase
    is_locked: bool
    tried: bool = False


class UndecidedKey(NamedTuple):
    """A key whose request was sent, and whose outcome nobody knows; `began` in unix seconds."""

    record: bytes
    route: str
    key: str
    began: float
    repeatable: bool


def standing_of(record: KeyRecord, owner: bytes, fingerprint: bytes, *, repeatable: bool) -> ClaimOutcome:
    """Of a claim that did not take the key; of one that is `repeatable` the next try may do so.

    It takes a key whose request is over: where it has not, that one ended between claim and look.
    """
    if record.owner == owner:
        return ClaimOutcome.CLAIMED
    if record.fingerprint != fingerprint:
        return ClaimOutcome.OTHER_PAYLOAD
    if record.phase is KeyPhase.ANSWERED:
        return ClaimOutcome.ANSWERED
    if repeatable:
        return ClaimOutcome.RUNNING
    if record.phase is KeyPhase.UNKEPT:
        return ClaimOutcome.UNKEPT
    was_sent = record.tried or record.phase is KeyPhase.SENT
    return ClaimOutcome.UNKNOWN if was_sent and not record.is_locked else ClaimOutcome.RUNNING


def settlement_of(status: int, *, whole: bool, sent: bool) -> Settlement:
    """By the answer's status (0: none came), whether it came whole and can be kept, whether the request was `sent`."""
    if not status:
        return Settlement.UNKNOWN if sent else Settlement.UNSENT
    if status in (_BAD_GATEWAY, _GATEWAY_TIMEOUT):
        return Settlement.UNKNOWN
    if status >= _FAILED or status in _NOT_TAKEN:
        return Settlement.UNSENT
    return Settlement.ANSWERED if whole else Settlement.UNKEPT
