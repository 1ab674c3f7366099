"""W3C trace context: continue a valid `traceparent`, begin one otherwise (w3.org/TR/trace-context, section 3.2)."""

from __future__ import annotations

import re

_KNOWN_FLAGS = 0x03
"""Sampled and, since level 2, random trace id; a sender sets the others to zero (section 3.2.2.5.2)."""
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


def continue_trace(incoming: bytes, span_id: bytes) -> bytes | None:
    """The outgoing `traceparent` with our span as parent (16 hex digits), or None when `incoming` is invalid.

    Version 00 has exactly four parts; a later version may be longer and is passed on as 00, as the standard asks.
    """
    if _TRACEPARENT.fullmatch(incoming) is None or (incoming[:2] == b"00" and len(incoming) != 55):
        return None
    return b"00%b%b-%02x" % (incoming[2:36], span_id, int(incoming[53:55], 16) & _KNOWN_FLAGS)


def begin_trace(trace_id: bytes, span_id: bytes) -> bytes:
    """A new `traceparent`, not sampled; both ids in lower-case hex (32 and 16 digits)."""
    return b"00-%b-%b-00" % (trace_id, span_id)
