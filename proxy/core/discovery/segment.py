"""What a segment of a path looks like: a word that belongs to the API, or a value of some kind.

Rule 1: a kind is told by the look of one segment alone; what looks like a word may be a value all the same, which only
        many of them in one place show (`path_trie.py`).
Rule 2: a number behind `v` is a version, and no value.
"""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import unquote


class SegmentKind(StrEnum):
    """What a segment is. All but `WORD` are values by their look."""

    INTEGER = "integer"
    UUID = "uuid"
    DATE = "date"
    EMAIL = "email"
    HEX = "hex"
    CODE = "code"
    """Letters and digits, as in an order's number or a token."""
    TEXT = "text"
    """What no name in an API is: with blanks, signs, or very long."""
    SLUG = "slug"
    """A word by its look, found to be a value by its many siblings."""
    WORD = "word"


LONGEST_WORD = 48
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,20})?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?(?:[T_ ][0-9:.]{2,}(?:Z|[+-][0-9:]{4,6})?)?|[0-9]{4}-[Ww][0-9]{2}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_HEX = re.compile(r"(?=[a-fA-F]*[0-9])(?=[0-9]*[a-fA-F])[0-9a-fA-F]{8,}")
_VERSION = re.compile(r"[vV][0-9]{1,3}(?:[._][0-9]{1,3}){0,2}")
_NUMBERED = re.compile(r"[A-Za-z]{1,12}[-_][0-9]{2,}(?:[-_][0-9A-Za-z]{1,12}){0,3}|[A-Za-z]{1,3}[0-9]{4,}")
_TOKEN = re.compile(r"(?=(?:[^0-9]*[0-9]){3})[A-Za-z0-9_-]{8,}")
_WORDY = re.compile(rf"[A-Za-z0-9\-._~$:]{{0,{LONGEST_WORD}}}")
_NEVER_SENT = frozenset({".", ".."})
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")
_BY_LOOK = (
    (_INTEGER, SegmentKind.INTEGER),
    (_UUID, SegmentKind.UUID),
    (_DATE, SegmentKind.DATE),
    (_EMAIL, SegmentKind.EMAIL),
    (_VERSION, SegmentKind.WORD),
    (_HEX, SegmentKind.HEX),
    (_NUMBERED, SegmentKind.CODE),
    (_TOKEN, SegmentKind.CODE),
    (_WORDY, SegmentKind.WORD),
)


def kind_of(segment: str) -> SegmentKind:
    """The kind of a segment as it was sent; one with a file's ending is what stands before that."""
    plain = unquote(segment)
    found = _look(plain)
    if found is not SegmentKind.WORD or not segment:
        return found
    if "%" in segment or plain in _NEVER_SENT:
        return SegmentKind.TEXT
    ending = _SUFFIX.search(plain)
    return found if ending is None else _look(plain[: ending.start()])


def _look(plain: str) -> SegmentKind:
    for pattern, kind in _BY_LOOK:
        if pattern.fullmatch(plain):
            return kind
    return SegmentKind.TEXT


def is_version(segment: str) -> bool:
    """Whether it names a version of an API."""
    return _VERSION.fullmatch(segment) is not None
