"""The response head as the client gets it: the upstream's lines, framing that fits the client, and the request id."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from proxy.core.http.response import CHUNKED, ResponseHead


class Coding(IntEnum):
    """Framing of the body towards the client."""

    AS_IS = 0
    CHUNKED = 1
    UNTIL_CLOSE = 2


_AS_IS: Final = Coding.AS_IS
_RESET_CONTENT: Final = 205


def coding_for(head: ResponseHead, minor: int) -> Coding:
    """Known length: as is; unknown: chunked for HTTP/1.1, until close for 1.0 (RFC 9112 section 6.1)."""
    if head.length >= 0:
        return _AS_IS
    return Coding.CHUNKED if minor else Coding.UNTIL_CLOSE


def response_head(
    head: ResponseHead, lines: list[bytes], coding: Coding, connection: bytes, request_id: bytes
) -> bytes:
    """`lines` are `head.lines`, perhaps rewritten; `connection` is the ready line with CRLF, or empty."""
    extra = connection
    if coding is _AS_IS:
        if head.status == _RESET_CONTENT and head.framing_at < 0:
            extra += b"Content-Length: 0\r\n"  # unlike 204 it ends by its framing (RFC 9110 section 15.3.6)
    elif head.length == CHUNKED:
        if coding is Coding.UNTIL_CLOSE:
            lines = lines[: head.framing_at] + lines[head.framing_at + 1 :]
    elif coding is Coding.CHUNKED:
        extra += b"Transfer-Encoding: chunked\r\n"
    if not head.has_request_id:
        extra += b"X-Request-Id: " + request_id + b"\r\n"
    if not lines:
        return b"HTTP/1.1 %b\r\n%b\r\n" % (head.reason, extra)
    return b"HTTP/1.1 %b\r\n%b\r\n%b\r\n" % (head.reason, b"\r\n".join(lines), extra)


def interim_head(head: ResponseHead) -> bytes:
    """A 1xx response for an HTTP/1.1 client."""
    return b"\r\n".join([b"HTTP/1.1 " + head.reason, *head.lines, b"", b""])
