"""The request target: what it may look like, and every reading that some upstream could make of it (R9).

Rule 1: what is forwarded is the raw bytes that were routed; a reading is only ever used to ask the table again.
Rule 2: readings decode once, never twice: `%252e` stays `%2e`.
"""

from __future__ import annotations

import re

_AMBIGUOUS = re.compile(rb"[%\\;]|//|/\.")
_HEX = re.compile(rb"%([0-9A-Fa-f]{2})")
_SLASHES = re.compile(rb"/{2,}")


def is_ambiguous(path: bytes) -> bool:
    """Whether two upstreams could disagree about this path."""
    return _AMBIGUOUS.search(path) is not None


def is_acceptable(target: bytes) -> bool:
    """Origin form without a fragment or an encoded NUL; the C parser has refused blanks, controls and bytes above 0x7f."""
    return target[:1] == b"/" and b"#" not in target and b"%00" not in target


def readings(path: bytes) -> list[bytes]:
    """The path as lenient upstreams may read it, without the raw one: decoded, backslashes, parameters, dots, slashes."""
    decoded = _HEX.sub(lambda hit: bytes([int(hit[1], 16)]), path)
    found: list[bytes] = []
    for base in (path, decoded):
        for slashed in (base, base.replace(b"\\", b"/")):
            for bare in (slashed, _drop_parameters(slashed)):
                for merged in (bare, _SLASHES.sub(b"/", bare)):
                    found += (merged, _remove_dots(merged))
    return [reading for reading in dict.fromkeys(found) if reading != path]


def _drop_parameters(path: bytes) -> bytes:
    return b"/".join([segment.partition(b";")[0] for segment in path.split(b"/")])


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
