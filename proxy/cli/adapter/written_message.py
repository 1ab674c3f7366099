"""A message in a file: as it goes over the wire, or a JSON body alone.

Rule 1: lines of a head may end as an editor ends them. What frames a body is not needed: the body is the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_REQUEST = re.compile(rb"([A-Z]{1,20}) (/[!-~]*) HTTP/1\.[01]")
_ANSWER = re.compile(rb"HTTP/1\.[01] ([2-5][0-9]{2})(?: .*)?")
_FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:.*")
_JSON = b"Content-Type: application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenMessage:
    """`method` and `target` of a request, `status` of an answer."""

    method: bytes = b"POST"
    target: bytes = b"/"
    status: int = 200
    lines: tuple[bytes, ...] = (_JSON,)
    body: bytes = b""


def read_message(data: bytes, *, is_answer: bool) -> WrittenMessage | str:
    """The message, or what is wrong with the file."""
    head, body = _parted(data)
    start, *lines = head
    found = (_ANSWER if is_answer else _REQUEST).fullmatch(start)
    if found is None:
        if _ANSWER.fullmatch(start) or _REQUEST.fullmatch(start):
            return f"it holds {'a request' if is_answer else 'an answer'}"
        return WrittenMessage(body=data.strip())
    for at, line in enumerate(lines, start=2):
        if not _FIELD.fullmatch(line):
            return f"line {at} is no header field (NAME: value), and no empty line stands before it"
    fields = tuple(line for line in lines if not line.lower().startswith((b"content-length:", b"transfer-encoding:")))
    if is_answer:
        return WrittenMessage(status=int(found[1]), lines=fields, body=body)
    return WrittenMessage(method=found[1], target=found[2], lines=fields, body=body)


def _parted(data: bytes) -> tuple[list[bytes], bytes]:
    """The lines of what stands before the first empty line, at least one; and what stands behind it."""
    for end in (b"\r\n", b"\n"):
        head, found, body = data.partition(end + end)
        if found:
            return head.split(end), body
    return data.splitlines() or [b""], b""
