"""The request head as an upstream gets it: the client's own lines, and what Banyan adds (R2, R7)."""

from __future__ import annotations

from os import urandom

from proxy.core.authority import split_authority
from proxy.core.request import RequestHead
from proxy.core.trace import begin_trace, valid_trace

_SPAN = 48
_BATCH = 85


class _Digits:
    """Random hex digits, drawn a few thousand at a time: a system call per request would cost a microsecond."""

    __slots__ = ("_at", "_held")

    def __init__(self) -> None:
        self._held = b""
        self._at = 0

    def take(self) -> bytes:
        at = self._at
        if at >= len(self._held):
            self._held, at = urandom(_SPAN // 2 * _BATCH).hex().encode("ascii"), 0
        self._at = at + _SPAN
        return self._held[at : at + _SPAN]


_take_digits = _Digits().take


class Ids:
    """Request id, trace id and span id of one request, drawn together: 24 random bytes in hex.

    `continued`: the trace is the client's, and so is its parent.
    """

    __slots__ = ("continued", "request_id", "trace_id", "traceparent")

    def __init__(self, head: RequestHead, *, keeps: bool) -> None:
        """`keeps`: the id that the client gave is used."""
        digits = _take_digits()
        self.trace_id = trace_id = digits[:32]
        self.request_id = (keeps and head.said_id) or trace_id
        self.continued = False
        incoming = head.fields.get(b"traceparent")
        if incoming:
            continued = valid_trace(incoming)
            if continued is not None:
                self.traceparent = continued
                self.trace_id = continued[3:35]
                self.continued = True
                return
        self.traceparent = begin_trace(trace_id, digits[32:])


def said_beside(head: RequestHead, ids: Ids) -> bytes:
    """The request id that the client gave, where another one is used; or empty."""
    return head.said_id if head.said_id != ids.request_id else b""


def parent_of(ids: Ids) -> bytes:
    """The client's span, where the trace is its own; or empty."""
    return ids.traceparent[36:52] if ids.continued else b""


def public_name(head: RequestHead, scheme: bytes, *, trusted: bool) -> tuple[bytes, bytes]:
    """Authority and scheme by which the client knows this system: what a trusted peer says of them goes first."""
    host = head.host_value.strip(b" \t")
    if trusted:
        said_host = (head.first(b"x-forwarded-host") or b"").partition(b",")[0].strip(b" \t")
        said_scheme = (head.first(b"x-forwarded-proto") or b"").partition(b",")[0].strip(b" \t").lower()
        host = said_host if split_authority(said_host) else host
        scheme = said_scheme if said_scheme in (b"http", b"https") else scheme
    return host, scheme


def request_head(
    head: RequestHead, ids: Ids, forwarded: bytes, host_line: bytes, fallback: bytes, tunnel: bytes
) -> bytes:
    """`forwarded`: ready lines with CRLF; `host_line` replaces Host; `fallback` is Host for a client that sent none.

    `tunnel` is the protocol to upgrade to, or empty.
    """
    if not host_line and head.host_at >= 0:
        block = head.block()
    else:
        lines = head.lines.copy()
        if head.host_at >= 0:
            lines[head.host_at] = host_line
        else:
            lines.insert(0, host_line or b"Host: " + fallback)
        block = b"\r\n".join(lines)
    extra = forwarded
    if tunnel:
        extra += b"Connection: Upgrade\r\nUpgrade: " + tunnel + b"\r\n"
    elif head.te_trailers:
        extra += b"Connection: TE\r\nTE: trailers\r\n"
    if ids.continued:
        extra += b"".join([b"tracestate: " + value + b"\r\n" for value in head.fields.get(b"tracestate", ())])
    return b"%b %b HTTP/1.1\r\n%b\r\n%bX-Request-Id: %b\r\ntraceparent: %b\r\n\r\n" % (
        head.method,
        head.target,
        block,
        extra,
        ids.request_id,
        ids.traceparent,
    )
