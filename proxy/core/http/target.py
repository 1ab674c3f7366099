"""The request target: what it may look like, and every reading that some upstream could make of it (R9).

Rule 1: what is forwarded is the raw bytes that were routed; a reading is only ever used to ask the table again.
Rule 2: readings decode once, never twice: `%252e` stays `%2e`.
Rule 3: upstreams take the steps in different orders (Tomcat drops parameters before it decodes, others after), so
        every order counts; a path with more readings than anyone needs gets one that no route takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

MAX_READABLE = 4 * 1024
"""Bytes of a path that is looked at in this way; a longer ambiguous one agrees with nothing."""
MAX_READINGS = 32
"""Paths of real clients have under ten; hostile ones could have hundreds, at a millisecond each."""
UNREADABLE = b""
"""The reading that no route takes."""

PLAIN: Final = bytes(ord("a") if chr(byte) in "/-_~!$&'()*+,=:@" else byte for byte in range(256))
"""Makes a path of harmless characters alphanumeric; `%`, `\\`, `;` and `.` stay what they are: past a regex."""
_AMBIGUOUS = re.compile(rb"[%\\;]|//|/\.")
_STRUCTURE = re.compile(rb"[\\;]|//|/\.")
_ENCODED = re.compile(rb"%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(rb"%(2[DE]|3[0-9]|[46][1-9A-F]|[57][0-9A]|5F|7E)", re.IGNORECASE)
_PARAMETERS = re.compile(rb";[^/]*")
_SLASHES = re.compile(rb"/{2,}")


def is_ambiguous(path: bytes) -> bool:
    """Whether two upstreams could disagree about this path."""
    return _AMBIGUOUS.search(path) is not None


def is_acceptable(target: bytes, *, nul: bool = False) -> bool:
    """Origin form without a fragment, nor an encoded NUL unless `nul`; llhttp has refused blanks and controls."""
    return target[:1] == b"/" and b"#" not in target and (nul or b"%00" not in target)


def readings(path: bytes) -> list[bytes]:
    """The path as lenient upstreams may read it: decoded, backslashes, parameters, dots, slashes; not the raw one."""
    if len(path) > MAX_READABLE:
        return [UNREADABLE]
    found = {(path, True): None}
    pending = list(found)
    for state in pending:
        fresh = dict.fromkeys(each for each in _one_step(state) if each not in found)
        found.update(fresh)
        pending += fresh
        if len(found) > MAX_READINGS:
            return [UNREADABLE]
    return [reading for reading in dict.fromkeys(reading for reading, _ in found) if reading != path]


def one_spelling(text: bytes) -> bytes:
    """The one of many spellings of a path, or of a part of one, that mean the same (RFC 3986 section 6.2.2)."""
    if b"%" not in text:
        return text
    return _ENCODED.sub(_upper, _UNRESERVED.sub(_decode, text))


def _one_step(state: tuple[bytes, bool]) -> Iterator[tuple[bytes, bool]]:
    """What one more step of normalising makes of a path; the flag says that it has not been decoded yet."""
    path, encoded = state
    if encoded and b"%" in path:
        yield unquote_to_bytes(path), False
        yield _UNRESERVED.sub(_decode, path), True
    if b"\0" in path:  # where `percent_nul` is open: what is written in C ends there
        yield path[: path.index(b"\0")], encoded
    if _STRUCTURE.search(path):
        yield path.replace(b"\\", b"/"), encoded
        yield _PARAMETERS.sub(b"", path), encoded
        yield _SLASHES.sub(b"/", path), encoded
        yield _remove_dots(path), encoded


def _decode(hit: re.Match[bytes]) -> bytes:
    return bytes([int(hit[1], 16)])


def _upper(hit: re.Match[bytes]) -> bytes:
    return hit[0].upper()


def _remove_dots(path: bytes) -> bytes:
    """RFC 3986 section 5.2.4, on whole segments."""
    kept: list[bytes] = []
    segments = path.split(b"/")
    for segment in segments[1:]:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    if segments[-1] in (b".", b".."):
        kept.append(b"")
    return b"/" + b"/".join(kept)
