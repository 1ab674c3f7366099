"""Points in time as APIs write them: RFC 3339 and its usual variants, dates of HTTP, seconds and milliseconds.

Rule 1: a time without a zone is only ever equal to another without one.
Rule 2: exact: nanoseconds since 1970 as a whole number, leap seconds counted as the next minute's first.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_SECOND = 1_000_000_000
_CLOCK = r"(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?"
_ZONE = r" ?(?:([Zz])|([+-])(\d\d):?(\d\d)?)"
_ISO = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)(?:[Tt ]{_CLOCK}(?:{_ZONE})?)?", re.ASCII)
_HTTP = re.compile(r"[A-Z][a-z]{2,8}, (\d\d)[ -]([A-Z][a-z]{2})[ -](\d{4}|\d\d) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
_MONTHS = {
    name: number for number, name in enumerate(re.findall("...", "JanFebMarAprMayJunJulAugSepOctNovDec"), start=1)
}
_LONGEST = 48


class Timestamp(NamedTuple):
    """`nanoseconds` since 1970-01-01; `zoned`: whether that is in UTC, or in a zone that nobody named."""

    nanoseconds: int
    zoned: bool


def read_moment(text: str) -> Timestamp | None:
    """The moment that a text names, None when it names none."""
    return _read(text) if len(text) <= _LONGEST and (text[:1].isdigit() or ", " in text) else None


@lru_cache(maxsize=256)
def _read(text: str) -> Timestamp | None:
    """The same text is asked for several times in one comparison."""
    found = _ISO.fullmatch(text)
    if found is None:
        return read_http_date(text)
    year, month, day, hour, minute, second, fraction, utc, sign, zone_hour, zone_minute = found.groups(default="")
    if not _is_date(int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)):
        return None
    seconds = _seconds(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    if sign:
        seconds -= int(f"{sign}1") * (int(zone_hour) * 3600 + int(zone_minute or 0) * 60)
    parts = int(f"{fraction[:9]:0<9}") if fraction else 0
    return Timestamp(seconds * _SECOND + parts, zoned=bool(utc or sign))


def read_http_date(text: str) -> Timestamp | None:
    """A date of RFC 9110 section 5.6.7, or as cookies write it."""
    found = _HTTP.fullmatch(text)
    month = _MONTHS.get(found[2]) if found else None
    if found is None or month is None:
        return None
    year = int(found[3]) + (0 if len(found[3]) == 4 else 2000 if int(found[3]) < 70 else 1900)
    day, *clock = (int(found[place]) for place in (1, 4, 5, 6))
    if not _is_date(month, day, *clock):
        return None
    return Timestamp(_seconds(year, month, day, *clock) * _SECOND, zoned=True)


def read_epoch(value: int) -> Timestamp | None:
    """Seconds (9 to 11 digits) or milliseconds (12 to 14) since 1970."""
    match len(str(abs(value))) if abs(value) < 10**15 else 0:
        case 9 | 10 | 11:
            return Timestamp(value * _SECOND, zoned=True)
        case 12 | 13 | 14:
            return Timestamp(value * 1_000_000, zoned=True)
        case _:
            return None


def _is_date(month: int, day: int, hour: int, minute: int, second: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31 and hour <= 24 and minute <= 59 and second <= 60


def _seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Days since 1970 by shifting the year's begin to March, so that leap days come last."""
    year -= month < 3
    era_year = year % 400
    days = era_year * 365 + era_year // 4 - era_year // 100 + ((month + 9) % 12 * 153 + 2) // 5 + day - 1
    return ((year // 400) * 146_097 + days - 719_468) * 86_400 + hour * 3600 + minute * 60 + second
