"""The request head as an upstream gets it: the client's own lines, and what Banyan adds (R2, R7)."""

from __future__ import annotations

from random import getrandbits

from proxy.core.request import RequestHead
from proxy.core.trace import begin_trace, continue_trace

_ID_BITS = 192


class Ids:
    """Request id, trace id and span id of one request, drawn together: 24 random bytes in hex."""

    __slots__ = ("request_id", "trace_id", "traceparent")

    def __init__(self, head: RequestHead, kept: bytes | None) -> None:
        """`kept` is a trusted peer's request id."""
        digits = b"%048x" % getrandbits(_ID_BITS)
        self.request_id = kept or digits[:32]
        incoming = head.first(b"traceparent") if head.fields else None
        continued = continue_trace(incoming, digits[32:]) if incoming is not None else None
        self.traceparent = continued or begin_trace(digits[:32], digits[32:])
        self.trace_id = self.traceparent[3:35]


def request_head(head: RequestHead, ids: Ids, forwarded: bytes, host_line: bytes, fallback: bytes, tunnel: bytes) -> bytes:
    """`forwarded`: ready lines with CRLF; `host_line` replaces Host; `fallback` is Host for a client that sent none.

    `tunnel` is the protocol to upgrade to, or empty.
    """
    lines = head.lines
    if host_line or head.host_at < 0:
        lines = lines.copy()
        if head.host_at >= 0:
            lines[head.host_at] = host_line
        else:
            lines.insert(0, host_line or b"Host: " + fallback)
    extra = forwarded
    if tunnel:
        extra += b"Connection: Upgrade\r\nUpgrade: " + tunnel + b"\r\n"
    elif head.te_trailers:
        extra += b"Connection: TE\r\nTE: trailers\r\n"
    if head.fields and ids.trace_id in head.fields.get(b"traceparent", (b"",))[0]:
        extra += b"".join([b"tracestate: " + value + b"\r\n" for value in head.fields.get(b"tracestate", ())])
    return b"%b %b HTTP/1.1\r\n%b\r\n%bX-Request-Id: %b\r\ntraceparent: %b\r\n\r\n" % (
        head.method,
        head.target,
        b"\r\n".join(lines),
        extra,
        ids.request_id,
        ids.traceparent,
    )
