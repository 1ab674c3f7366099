"""Requests and answers that wait on purpose: long polls that say so (RFC 7240 section 4.3), and event streams."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WAIT = re.compile(rb'(?:^|,)[ \t]*wait[ \t]*=[ \t]*"?([0-9]{1,9})"?[ \t]*(?:$|[,;])', re.IGNORECASE)
_STREAM = re.compile(rb"[ \t]*text/event-stream[ \t]*(?:$|;)", re.IGNORECASE)


def asked_to_wait(lines: Iterable[bytes]) -> int:
    """The seconds for which a request's field lines ask its server to wait; 0: they do not. The first one counts."""
    found = (_WAIT.search(value) for value in _values(lines, b"prefer"))
    return next((int(match[1]) for match in found if match is not None), 0)


def is_event_stream(lines: Iterable[bytes]) -> bool:
    """Whether an answer's field lines say so."""
    return any(_STREAM.match(value) for value in _values(lines, b"content-type"))


def _values(lines: Iterable[bytes], wanted: bytes) -> Iterable[bytes]:
    for line in lines:
        name, _, value = line.partition(b":")
        if name.lower() == wanted:
            yield value
