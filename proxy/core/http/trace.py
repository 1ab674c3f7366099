"""W3C trace context: a valid `traceparent` passes as it is, else one begins (w3.org/TR/trace-context, section 3.2).

Rule 1: Banyan exports no span, so it is nobody's parent: the upstream's is the client's span.
Rule 2: a trace stated twice is not known, and begins anew (section 4.3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import assert_never


class RequestIds(StrEnum):
    """Whose `X-Request-Id` is used; TRUSTED, a trusted peer's alone, is what holds where nothing is said."""

    TRUSTED = "trusted"
    KEEP = "keep"
    REPLACE = "replace"


def keeps_id(rule: RequestIds, *, trusted: bool) -> bool:
    """Whether a request keeps the id that it came with."""
    match rule:
        case RequestIds.TRUSTED:
            return trusted
        case RequestIds.KEEP:
            return True
        case RequestIds.REPLACE:
            return False
        case _:
            assert_never(rule)


_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def valid_trace(values: Sequence[bytes]) -> bytes | None:
    """The one `traceparent` of a request, or None where there is none to go on with.

    Version 00 has exactly four parts; a later version may be longer.
    """
    if len(values) != 1:
        return None
    incoming = values[0]
    if _TRACEPARENT.fullmatch(incoming) is None or (incoming[:2] == b"00" and len(incoming) != 55):
        return None
    return incoming


def begin_trace(trace_id: bytes, span_id: bytes) -> bytes:
    """A new `traceparent`, not sampled; both ids in lower-case hex (32 and 16 digits)."""
    return b"00-%b-%b-00" % (trace_id, span_id)
