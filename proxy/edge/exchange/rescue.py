"""The one table in which statuses are invented: what a failure is answered with, and the answer's bytes.

Rule 1: a refusal by the client's fault is 4xx (421 where its Host is none of the upstream's, RFC 9110 section 15.5.20),
        an upstream's 502 or 504 (508 where it is Banyan itself), our own 503 or 500.
Rule 2: every invented answer is `application/problem+json` (RFC 9457) with the request id, to be found in the log by.
"""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from time import time
from typing import assert_never

import msgspec

from proxy.core.outcome import Blame, Failure, Phase
from proxy.edge.exchange.problem import ProblemDocument

_encode = msgspec.json.Encoder().encode
_PHRASES = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}


def status_of(failure: Failure) -> int:
    """The status a client gets for a failure before the response began."""
    match failure.blame:
        case Blame.CLIENT:
            return 421 if failure.phase is Phase.CONNECT else 408 if failure.timed_out else 400
        case Blame.UPSTREAM:
            return 504 if failure.timed_out else 508 if failure.loops else 502
        case Blame.PROXY:
            return 503 if failure.phase is Phase.CONNECT else 500
        case _:
            assert_never(failure.blame)


def problem_body(status: int, detail: str, request_id: bytes) -> bytes:
    """The JSON of an invented answer."""
    title = HTTPStatus(status).phrase
    return _encode(ProblemDocument("about:blank", title, status, detail, request_id.decode("latin-1")))


def problem_lines(request_id: bytes, retry_after: int) -> list[bytes]:
    """The fields of an invented answer: the request's id, and in how many seconds to come back (0: not said)."""
    lines = [b"X-Request-Id: " + request_id]
    return [*lines, b"Retry-After: %d" % retry_after] if retry_after else lines


class _Dated:
    """The `Date` line of this second (RFC 9110 section 6.6.1), made once in each."""

    __slots__ = ("line", "second")

    def __init__(self) -> None:
        self.second = -1
        self.line = b""

    def take(self) -> bytes:
        now = int(time())
        if now != self.second:
            self.second, self.line = now, b"Date: " + formatdate(now, usegmt=True).encode("ascii")
        return self.line


_date_line = _Dated().take


def head_bytes(status: int, lines: list[bytes]) -> bytes:
    """A response head of our own making."""
    first = b"HTTP/1.1 %d %b" % (status, _PHRASES.get(status, b""))
    return b"\r\n".join([first, _date_line(), *lines, b"", b""])


def answer_bytes(status: int, lines: list[bytes], content_type: bytes, body: bytes, *, bodyless: bool) -> bytes:
    """A whole answer of our own making; `bodyless` says that the request was HEAD."""
    if status == 204:
        return head_bytes(status, lines)
    typed = [b"Content-Type: " + content_type] if content_type else []
    head = head_bytes(status, [*lines, *typed, b"Content-Length: %d" % len(body)])
    return head if bodyless else head + body
