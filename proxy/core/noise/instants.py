"""Values that name an instant: RFC 3339 and its variants, dates of HTTP, epochs, and ids that hold their own time.

Rule 1: a text names an instant to the second or finer; a bare date or a minute is a value like any other.
Rule 2: numbers and ids name one only if that lies within some years of when they were said: most of them mean no time.
Rule 3: the mask is how it is written: digits as 9, a fraction by its presence, the zone as it stands.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from proxy.core.parity.formats.moments import read_http_date, read_moment
from proxy.core.parity.numerals import is_number, text_of

NEAR = 5 * 365 * 86_400.0
"""Seconds within which a number or an id is taken for a time."""
_LONGEST = 48
_TEXT = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:[.,](\d{1,12}))?(.*)", re.ASCII)
_EPOCH = re.compile(r"(\d{10}|\d{13}|\d{16})(?:\.(\d{1,9}))?", re.ASCII)
_UUID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-([167])([0-9a-f]{3})-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_CROCKFORD = {letter: place for place, letter in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}
_GREGORIAN = 12_219_292_800.0
"""Seconds from 15 October 1582, where UUIDs begin to count, to 1970."""


class Instant(NamedTuple):
    """`at` in unix seconds, exact to `resolution` seconds; `digits` of the fraction; `is_id`: chance is part of it."""

    at: float
    mask: str
    resolution: float
    digits: int = 0
    is_id: bool = False


def read_instant(value: object, around: float) -> Instant | None:
    """What a value of a body or a field names, if that is an instant; it was said `around` then (unix seconds)."""
    match value:
        case str() if len(value) <= _LONGEST:
            found = _read(value)
            return found if found is None or found.mask[0] in "9a" else _near(found, around)
        case _ if is_number(value):
            return _near(_epoch(text_of(value), "number"), around)
        case _:
            return None


def _near(found: Instant | None, around: float) -> Instant | None:
    return found if found is not None and abs(found.at - around) <= NEAR else None


@lru_cache(maxsize=256)
def _read(text: str) -> Instant | None:
    """The same text is asked for several times in one comparison."""
    if text[4:5] == "-" or ", " in text:
        return _written(text)
    return _epoch(text, "text") or _id(text)


def _written(text: str) -> Instant | None:
    found = _TEXT.fullmatch(text)
    if found is None:
        date = read_http_date(text)
        mask = re.sub(r"\d", "9", re.sub("[A-Za-z]+", "a", text))
        return None if date is None else Instant(date.nanoseconds / 1e9, mask, 1.0)
    moment = read_moment(text)
    if moment is None:
        return None
    fraction = found[2] or ""
    mask = re.sub(r"\d", "9", found[1]) + ("." if fraction else "") + found[3]
    return Instant(moment.nanoseconds / 1e9, mask, _resolution(len(fraction)), len(fraction))


def _resolution(digits: int) -> float:
    return 10.0 ** -min(digits, 6)


def _epoch(text: str, kind: str) -> Instant | None:
    """Seconds, milliseconds or microseconds, by their number of digits."""
    found = _EPOCH.fullmatch(text)
    if found is None:
        return None
    fraction = found[2] or ""
    digits = len(found[1]) - 10 + len(fraction)
    mask = f"{kind} of {len(found[1])} digits" + ("." if fraction else "")
    return Instant(float(text) / 10.0 ** (len(found[1]) - 10), mask, _resolution(digits), digits)


def _id(text: str) -> Instant | None:
    lower = text.lower()
    case = "" if lower == text else " in capitals"
    uuid = _UUID.fullmatch(lower)
    if uuid is not None:
        return _uuid(uuid, case)
    if _OBJECT_ID.fullmatch(lower):
        return Instant(float(int(lower[:8], 16)), f"object id{case}", 1.0, is_id=True)
    if _ULID.fullmatch(text):
        milliseconds = 0
        for letter in text[:10]:
            milliseconds = milliseconds * 32 + _CROCKFORD[letter]
        return Instant(milliseconds / 1e3, "ulid", 0.001, is_id=True)
    return None


def _uuid(found: re.Match[str], case: str) -> Instant:
    first, second, version, rest = found.groups()
    mask = f"uuid {version}{case}"
    match version:
        case "7":
            return Instant(int(first + second, 16) / 1e3, mask, 0.001, is_id=True)
        case "6":
            return Instant(int(first + second + rest, 16) / 1e7 - _GREGORIAN, mask, 1e-6, is_id=True)
        case _:
            return Instant(int(rest + second + first, 16) / 1e7 - _GREGORIAN, mask, 1e-6, is_id=True)
