"""Requests and answers of the journal as bytes of JSON; what is no text is written in base64."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

from proxy.core.journal.intent import StoredAnswer, StoredRequest
from proxy.core.journal.writes import SentOn


def request_bytes(request: StoredRequest, send: SentOn, *, repeatable: bool) -> bytes:
    """With what the route said of it at the time."""
    said = {
        "method": _text(request.method),
        "target": _text(request.target),
        "lines": [_text(line) for line in request.lines],
        "body": b64encode(request.body).decode("ascii"),
        "send": str(send),
        "repeatable": repeatable,
    }
    return json.dumps(said).encode("ascii")


def request_of(data: bytes) -> tuple[StoredRequest, SentOn, bool]:
    """The reverse."""
    said: dict[str, Any] = json.loads(data)
    request = StoredRequest(
        method=_bytes(said["method"]),
        target=_bytes(said["target"]),
        lines=tuple(_bytes(line) for line in said["lines"]),
        body=b64decode(said["body"]),
    )
    return request, SentOn(said["send"]), bool(said["repeatable"])


def answer_bytes(answer: StoredAnswer | None) -> bytes | None:
    """None is none."""
    if answer is None:
        return None
    body = b64encode(answer.body).decode("ascii")
    return json.dumps({"status": answer.status, "type": _text(answer.content_type), "body": body}).encode("ascii")


def answer_of(data: bytes | None) -> StoredAnswer | None:
    """The reverse."""
    if data is None:
        return None
    said: dict[str, Any] = json.loads(data)
    return StoredAnswer(status=said["status"], content_type=_bytes(said["type"]), body=b64decode(said["body"]))


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")
