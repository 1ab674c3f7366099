"""The head of an answer that is another one than came: with other fields, another length or status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from proxy.core.http.response import ResponseHead
from proxy.core.translation.field_lines import FRAMING, name_of

_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}


def head_with(head: ResponseHead, status: int, lines: list[bytes], length: int) -> ResponseHead:
    """Another head: nobody may change the one that came."""
    reason = head.reason if status == head.status else f"{status} {_PHRASES.get(status, '')}".encode("ascii")
    made = ResponseHead(status, reason, head.minor)
    made.lines = lines
    made.length = length
    made.framing_at = next((at for at, line in enumerate(lines) if name_of(line) in FRAMING), -1)
    made.has_request_id = head.has_request_id
    made.rewritable = head.rewritable
    made.saw = head.saw
    return made
