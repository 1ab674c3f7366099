"""Path patterns: literal segments, `{name}`, `*` and a final `**`.

Rule 1: `{name}` and `*` take exactly one segment, which may not be empty; `**` takes the rest, also none:
        `/a/**` fits `/a`, `/a/` and `/a/b/c`.
Rule 2: literals compare raw bytes; what other readings of a path would pick is `core.target`'s question. So a literal
        that lenient upstreams read as another path could never be matched, and is refused here.
Rule 3: two patterns of the same shape are the same place in the table, whatever their parameters are called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

ANY = b"*"
REST = b"**"
MAX_SEGMENTS = 64
"""The table's look-up descends once per segment."""
_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LITERAL = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()+,=:@]|%[0-9A-Fa-f]{2})*")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_NEVER_ENCODED = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,=:@]")


@dataclass(frozen=True, slots=True)
class PathPattern:
    """`shape`: per segment a literal, `ANY`, or `REST` at the end; `parameters`: (name, segment position from 1)."""

    text: str
    shape: tuple[bytes, ...]
    parameters: tuple[tuple[str, int], ...] = ()

    @property
    def takes_rest(self) -> bool:
        """Whether it ends in `**`."""
        return self.shape[-1:] == (REST,)

    def position(self, name: str) -> int:
        """The segment (from 1) that `{name}` takes, or -1."""
        return dict(self.parameters).get(name, -1)


def parse_pattern(text: str) -> PathPattern | str:
    """The pattern, or what is wrong with it."""
    if not text.startswith("/"):
        return "a path begins with a slash"
    segments = text.split("/")[1:]
    if len(segments) > MAX_SEGMENTS:
        return f"a path has at most {MAX_SEGMENTS} segments"
    if "**" in segments[:-1]:
        return "** takes the rest of the path, so it is the last segment"
    if "" in segments[:-1]:
        return "a path has no empty segment but the last: systems disagree about //"
    found = [_PARAMETER.fullmatch(segment) for segment in segments]
    parameters = tuple((each[1], at) for at, each in enumerate(found, start=1) if each is not None)
    if len(dict(parameters)) < len(parameters):
        return "a parameter name stands twice in one path"
    wrong = [_wrong_literal(segment) for segment in segments if not _is_open(segment)]
    shape = tuple(_shape(segment) for segment in segments)
    return next(filter(None, wrong), None) or PathPattern(text, shape, parameters)


def other_spellings(literal: bytes) -> tuple[bytes, ...]:
    """How else clients and upstreams write a literal with encoded bytes: decoded, and with the digits in lower case."""
    if b"%" not in literal:
        return ()
    lower = _ENCODED.sub(lambda hit: hit[0].lower(), literal.decode("ascii")).encode("ascii")
    return (unquote_to_bytes(literal), lower)


def _is_open(segment: str) -> bool:
    return segment in ("*", "**") or _PARAMETER.fullmatch(segment) is not None


def _shape(segment: str) -> bytes:
    """The segment's entry; digits of encoded bytes in upper case, as RFC 3986 section 2.1 wants them."""
    if segment == "**":
        return REST
    if _is_open(segment):
        return ANY
    return _ENCODED.sub(lambda hit: hit[0].upper(), segment).encode("ascii", "replace")


def _wrong_literal(segment: str) -> str | None:
    if segment in (".", ".."):
        return "the segments . and .. are resolved before a request is sent, so they never arrive"
    if ";" in segment:
        return "systems disagree about what follows a semicolon; match that segment by {name}"
    if not _LITERAL.fullmatch(segment):
        return f'segment "{segment}" is neither a literal, {{name}}, * nor **'
    for hit in _ENCODED.findall(segment):
        character = unquote_to_bytes(hit).decode("latin-1")
        if _NEVER_ENCODED.fullmatch(character):
            return f"write {character} instead of {hit}"
        if character in "/\\;\0":
            return f"systems disagree about {hit}; match that segment by {{name}}"
    return None
