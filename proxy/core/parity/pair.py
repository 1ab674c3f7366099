"""What was said on both sides of one request: the material of a comparison.

Bytes are as received: names keep their case, bodies their Content-Encoding; values that have been rewritten for the
client (Location, cookie Domain) stand as the client would see them.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.outcome import Side

Fields = tuple[tuple[bytes, bytes], ...]
"""Header fields in the order of the wire."""

SHED, STREAMING, TIMED_OUT, FAILED = "shed", "streaming", "timed_out", "failed"
"""Why there is no whole answer: a bound was met here; it goes on for ever; it came too late; the side broke off."""
BREAKER_OPEN, NOT_ASKED = "breaker_open", "not_asked"
"""Its breaker was open, for what it failed before; nobody asked it, as the other side had no answer to be held to."""
UNTRANSLATABLE = "untranslatable"
"""Its adapter cannot translate the request, or what the side has answered to it."""


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
    whole answer: one of the words above, anything else is a failure; empty: there is one.
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
class Label:
    """What a pair is about: where its comparison counts, whatever comes of it.

    `at` unix seconds; `authoritative` answered the client. `step` and `begun` are those of the position under which it
    was asked, 0 where the file alone rules; `addresses` stands for those of both sides.
    """

    route: str
    at: float
    authoritative: Side
    legacy_version: str
    new_version: str
    step: int = 0
    begun: int = 0
    addresses: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Label):
    """One request and what each side answered.

    `second` is legacy asked twice, a sample of its noise; `cohort` a keyed hash.
    `raced`: the cohort wrote to this path meanwhile, so that the answers may be about two states.
    """

    request: CapturedRequest
    legacy: CapturedAnswer
    new: CapturedAnswer
    second: CapturedAnswer | None
    cohort: int
    request_id: str
    raced: bool = False
    written_at: float = 0.0
    bare: bool = False
