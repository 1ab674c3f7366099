"""The request head as an upstream gets it: the client's own lines, and what Banyan adds (R2, R7)."""

from __future__ import annotations

from os import urandom
from typing import Final

from proxy.core.http.authority import split_authority
from proxy.core.http.request import RequestHead
from proxy.core.http.trace import begin_trace, valid_trace

_SPAN: Final = 48
_BATCH: Final = 85
_drawn: Final[list[tuple[bytes, bytes]]] = []
"""Traces that are begun, and their ids, made many at a time: a system call per request would cost a microsecond."""


def _draw() -> None:
    """Refill `_drawn`: 16 random bytes of trace id and 8 of span id each, in hex."""
    digits = urandom(_SPAN // 2 * _BATCH).hex().encode("ascii")
    for at in range(0, len(digits), _SPAN):
        trace_id = digits[at : at + 32]
        _drawn.append((trace_id, begin_trace(trace_id, digits[at + 32 : at + _SPAN])))


class Ids:
    """Request id, trace id and span id of one request, drawn together: 24 random bytes in hex.

    `continued`: the trace is the client's, and so is its parent.
    """

    __slots__ = ("continued", "request_id", "trace_id", "traceparent")

    def __init__(self, head: RequestHead, *, keeps: bool) -> None:
        """`keeps`: the id that the client gave is used."""
        if not _drawn:
            _draw()
        self.trace_id, self.traceparent = _drawn.pop()
        self.request_id = self.trace_id
        self.continued = False
        if head.plain:
            return
        self.request_id = (keeps and head.said_id) or self.trace_id
        incoming = head.fields.get(b"traceparent")
        continued = valid_trace(incoming) if incoming else None
        if continued is not None:
            self.traceparent = continued
            self.trace_id = continued[3:35]
            self.continued = True


def unused_client_id(head: RequestHead, ids: Ids) -> bytes:
    """The request id that the client gave, where another one is used; or empty."""
    return head.said_id if head.said_id != ids.request_id else b""


def parent_id_of(ids: Ids) -> bytes:
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
    head: RequestHead, ids: Ids, mark: bytes, forwarded: bytes, host_line: bytes, fallback: bytes, tunnel: bytes
) -> bytes:
    """`mark` and `forwarded`: ready lines with CRLF; `host_line` replaces Host; `fallback` is Host where none was sent.

    `tunnel` is the protocol to upgrade to, or empty.
    """
    if not host_line and head.host_at >= 0:
        block = head.joined or head.block()
    else:
        lines = head.lines.copy()
        if head.host_at >= 0:
            lines[head.host_at] = host_line
        else:
            lines.insert(0, host_line or b"Host: " + fallback)
        block = b"\r\n".join(lines)
    return b"%b %b HTTP/1.1\r\n%b\r\n%b%b%bX-Request-Id: %b\r\ntraceparent: %b\r\n\r\n" % (
        head.method,
        head.target,
        block,
        forwarded,
        mark,
        b"" if head.plain else _more(head, ids, tunnel),
        ids.request_id,
        ids.traceparent,
    )


def with_callers_host(data: bytes, head: RequestHead, host_line: bytes) -> bytes:
    """The same bytes with the Host that the client sent, where `host_line` stands in its place."""
    if not host_line or head.host_at < 0:
        return data
    return data.replace(b"\r\n%b\r\n" % host_line, b"\r\n%b\r\n" % head.lines[head.host_at], 1)


def _more(head: RequestHead, ids: Ids, tunnel: bytes) -> bytes:
    extra = b""
    if tunnel:
        extra += b"Connection: Upgrade\r\nUpgrade: " + tunnel + b"\r\n"
    elif head.te_trailers:
        extra += b"Connection: TE\r\nTE: trailers\r\n"
    if ids.continued:
        extra += b"".join([b"tracestate: " + value + b"\r\n" for value in head.fields.get(b"tracestate", ())])
    return extra
