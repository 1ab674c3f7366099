"""One value within a JSON text: read, or replaced with all other bytes as they were.

Decoding and encoding anew would change numbers (`1.10`, 2^64) and the order of members, which are the sender's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from json.decoder import JSONDecoder
from typing import NamedTuple

from proxy.core.journal.writes import JsonPath

_BLANK = re.compile(r"[ \t\r\n]*")
_decoder = JSONDecoder()


class Span(NamedTuple):
    """A value's text, from `start` to `end`."""

    start: int
    end: int


def is_encoded(values: Iterable[bytes]) -> bool:
    """Whether a body with these lines of Content-Encoding is no text as it stands (RFC 9110 section 8.4)."""
    return any(value.strip().lower() not in {b"", b"identity"} for value in values)


def value_at(text: str, path: JsonPath) -> str | None:
    """The scalar there as text, a number as it is written; None where there is none, or no JSON."""
    span = span_of(text, path)
    if span is None:
        return None
    raw = text[span.start : span.end]
    if raw.startswith('"'):
        return str(json.loads(raw))
    return None if raw.startswith(("{", "[")) or raw == "null" else raw


def replaced(text: str, path: JsonPath, value: str) -> str:
    """With `value` there: a number where a number stood and `value` is one, else a string; without such a place, as it
    was.
    """
    span = span_of(text, path)
    if span is None:
        return text
    stays_number = text[span.start] != '"' and value.isdecimal() and value.isascii()
    return text[: span.start] + (value if stays_number else json.dumps(value)) + text[span.end :]


def span_of(text: str, path: JsonPath) -> Span | None:
    """Where the value at `path` stands; of a name that stands twice in an object the last one, as parsers take it."""
    try:
        span: Span | None = Span(_skip(text, 0), len(text))
        for name in path.names:
            span = None if span is None else _member(text, span.start, name)
    except (ValueError, IndexError, RecursionError):
        return None
    return span


def _member(text: str, at: int, wanted: str) -> Span | None:
    if text[at] != "{":
        return None
    found = None
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        _, end = _decoder.raw_decode(text, at)
        if name == wanted:
            found = Span(at, end)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return at if found is None else found.end()
