"""What a worker asks and tells the clerk about idempotency keys.

`record` (32 bytes) stands for all that a key belongs to, `owner` (16 bytes) for the one request that claims it.
"""

from __future__ import annotations

import msgspec

from proxy.core.idempotency.claims import ClaimOutcome, Settlement


class KeptAnswer(msgspec.Struct, frozen=True, array_like=True):
    """An answer as a client got it: `lines` are its fields without those that frame it."""

    status: int
    lines: list[bytes]
    body: bytes


class ClaimKey(msgspec.Struct, frozen=True, array_like=True, tag="claim_key"):
    """Whether this request is to be executed. `route` (its origin) and `key` are for people.

    `repeatable`: one that was sent, and whose outcome is unknown, may be sent again.
    """

    record: bytes
    owner: bytes
    fingerprint: bytes
    route: str
    key: str
    repeatable: bool


class SendKey(msgspec.Struct, frozen=True, array_like=True, tag="send_key"):
    """The request is about to be sent, and may have been executed from now on, if the key is still its own."""

    record: bytes
    owner: bytes


class KeyClaimed(msgspec.Struct, frozen=True, array_like=True, tag="key_claimed"):
    """To both; `status` is known where it was answered, `answer` where that was kept."""

    standing: ClaimOutcome
    status: int = 0
    answer: KeptAnswer | None = None


class KeySettled(msgspec.Struct, frozen=True, array_like=True, tag="key_settled"):
    """What became of the request; `status` 0: it was not answered."""

    record: bytes
    owner: bytes
    settlement: Settlement
    status: int = 0
    answer: KeptAnswer | None = None


class KeysHeld(msgspec.Struct, frozen=True, array_like=True, tag="keys_held"):
    """The requests of these (record, owner) still run."""

    held: list[tuple[bytes, bytes]]
