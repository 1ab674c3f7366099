"""`idempotency:` of a route: which requests have to carry a key, and for which reasons Banyan answers them itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from proxy.core.idempotency.key_field import FIELD

MAX_BODY = 1024 * 1024
"""Bytes of the body of a request with a key: it is read whole before anything is sent."""


class KeyAnswer(StrEnum):
    """Why a request with a key, or without one, is answered by Banyan."""

    MISSING = "missing"
    MALFORMED = "malformed"
    RUNNING = "running"
    OTHER_PAYLOAD = "other_payload"
    REPLAYED = "replayed"
    UNKEPT = "unkept"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicy:
    """The policy of a step; `required`: a request without a key is refused."""

    required: bool
    key: ClassVar[str] = "idempotency"
    fields: ClassVar[frozenset[bytes]] = frozenset({FIELD, b"authorization", b"cookie", b"content-type"})
    answers: ClassVar[tuple[str, ...]] = tuple(reason.value for reason in KeyAnswer)
