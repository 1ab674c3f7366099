"""What was said on both sides of one request: the material of a comparison.

Bytes are as received: names keep their case, bodies their Content-Encoding; values that have been rewritten for the
client (Location, cookie Domain) stand as the client would see them.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.outcome import Side

Fields = tuple[tuple[bytes, bytes], ...]
"""Header fields in the order of the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedRequest:
    """What both sides were asked; `target` as sent."""

    method: bytes
    target: bytes
    fields: Fields
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedAnswer:
    """What one side said.

    `size` is that of the whole body in bytes; `body` may be cut, and is then shorter. `failure` says why there is no
    whole answer: `timed_out`, `shed`, `streaming`, anything else is a failure; empty: there is one.
    `began` and `answered` (unix seconds, by the worker's clock) hold the side's own between them: when it was asked,
    at the latest, and when its answer was whole. Both 0: nobody knows.
    """

    status: int
    fields: Fields
    body: bytes
    size: int
    seconds: float
    failure: str = ""
    began: float = 0.0
    answered: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One request and what each side answered.

    `second` is legacy asked twice, a sample of its noise; `cohort` a keyed hash; `at` unix seconds.
    `raced`: the cohort wrote to this path meanwhile, so that the answers may be about two states.
    `written_at`: unix seconds of the cohort's last write to this path, above it or below it, as far as the worker that
    made the pair knows; 0: none, as far as it knows.
    """

    route: str
    request: CapturedRequest
    legacy: CapturedAnswer
    new: CapturedAnswer
    second: CapturedAnswer | None
    cohort: int
    at: float
    request_id: str
    authoritative: Side
    legacy_version: str
    new_version: str
    raced: bool = False
    written_at: float = 0.0
