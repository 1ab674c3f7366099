"""How two texts differ, and whether they are alike: of one format and about as long."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import is_normalized, normalize

from proxy.core.parity.formats.moments import read_moment
from proxy.core.parity.numerals import is_number
from proxy.core.parity.rules.difference import DifferenceKind

_FORMATS = (
    ("empty", re.compile(r"")),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("number", re.compile(r"[-+]?[0-9]{1,7}(?:\.[0-9]+)?")),
    ("address", re.compile(r"[^\s@]{1,100}@[^\s@]{1,200}")),
    ("url", re.compile(r"[a-z][a-z0-9+.-]{1,20}://\S*|/\S*")),
    ("opaque", re.compile(r"(?=.{0,500}[0-9]|.{16})[A-Za-z0-9_+/=.~:-]+")),
    ("word", re.compile(r"\S+")),
)
_SHORTEST_ID = 6
_REMEMBERED = 64
"""Characters of a text whose format is remembered: one comparison asks for it several times."""


def text_kind(one: str, other: str) -> DifferenceKind:
    """How two texts differ that are not the same."""
    first, second = read_moment(one), read_moment(other)
    if first is not None and second is not None:
        return DifferenceKind.TIME_EQUIV if first == second else DifferenceKind.TIME
    if _composed(one) == _composed(other):
        return DifferenceKind.UNICODE
    return DifferenceKind.STRING


def _composed(text: str) -> str:
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def format_of(text: str) -> str:
    """The class of a text's format, from a closed list."""
    return _known(text) if len(text) <= _REMEMBERED else _format(text)


def _format(text: str) -> str:
    if read_moment(text) is not None:
        return "moment"
    return next((name for name, pattern in _FORMATS if pattern.fullmatch(text)), "text")


_known = lru_cache(maxsize=256)(_format)


def are_alike(one: object, other: object) -> bool:
    """Whether two values could be two samples of one thing that changes from call to call."""
    if isinstance(one, str) and isinstance(other, str):
        apart = abs(len(one).bit_length() - len(other).bit_length())
        return apart <= 1 and format_of(one) == format_of(other)
    return type(one) is type(other) or (is_number(one) and is_number(other))


def is_id(value: object) -> bool:
    """Whether a value looks generated, so that it must be the same wherever it stands in one answer."""
    return isinstance(value, str) and len(value) >= _SHORTEST_ID and format_of(value) in {"uuid", "opaque"}
