"""The step that writes a moment in another form: seconds or milliseconds since 1970, RFC 3339, or a pattern.

Rule 1: no digit is lost: a fraction that the other form has no room for cannot be translated.
Rule 2: a leap second, a date that no calendar has and years beyond 1 to 9999 cannot be translated.
Rule 3: RFC 3339 is written in the zone that the step names, UTC as Z; a pattern is read and written in that zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, assert_never

from proxy.core.translation.body_path import BodyPath, holders
from proxy.core.translation.calendar_day import CalendarDay, day_of
from proxy.core.translation.json_document import Json, Number
from proxy.core.translation.untranslatable import Untranslatable

_MILLIS: Final = 3
_DAY: Final = 86_400
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,30}))?")
_RFC_3339 = re.compile(
    r"(?P<Y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})[Tt](?P<H>[0-9]{2}):(?P<M>[0-9]{2}):(?P<S>[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,30}))?(?:[Zz]|(?P<zone>[+-][0-9]{2}:[0-9]{2}))"
)
_DIRECTIVES: Final = {
    "Y": "(?P<Y>[0-9]{4})",
    "m": "(?P<m>[0-9]{2})",
    "d": "(?P<d>[0-9]{2})",
    "H": "(?P<H>[0-9]{2})",
    "M": "(?P<M>[0-9]{2})",
    "S": "(?P<S>[0-9]{2})",
}
"""The parts of a pattern; a date needs the first three, what is not there is zero."""


class TimeWord(StrEnum):
    """The forms that have a name; any other is a pattern."""

    UNIX = "unix"
    UNIX_MS = "unix_ms"
    RFC3339 = "rfc3339"


@dataclass(frozen=True, slots=True)
class TimeForm:
    """`pattern` where `word` is None: `%Y/%m/%d %H:%M:%S`."""

    word: TimeWord | None
    pattern: str = ""

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return self.pattern if self.word is None else self.word.value


@dataclass(frozen=True, slots=True)
class WriteTime:
    """The moment at `path`; null stays null. `offset` of the zone, in minutes east of UTC."""

    path: BodyPath
    read: TimeForm
    write: TimeForm
    offset: int = 0

    @property
    def text(self) -> str:
        """As routes.yaml has it."""
        return f"time: {self.path.text}, reads: {self.read.text}, to: {self.write.text}"


class Moment(NamedTuple):
    """Whole `seconds` since 1970, and the digits of what is beyond them: never negative, no zeros at their end."""

    seconds: int
    fraction: str


def parse_time_form(text: str) -> TimeForm | None:
    """A word or a pattern; None where it is neither."""
    if text in set(TimeWord):
        return TimeForm(TimeWord(text))
    parts = re.findall(r"%(.)", text)
    right = len(set(parts)) == len(parts) and set(parts) <= _DIRECTIVES.keys() and {"Y", "m", "d"} <= set(parts)
    return TimeForm(None, text) if right and not text.endswith("%") else None


def write_time(value: Json, step: WriteTime) -> None:
    """In place."""
    for members in holders(value, step.path):
        for pair in members.named(step.path.name):
            if pair.value is not None:
                pair.value = _translated(pair.value, step)


def _translated(value: Json, step: WriteTime) -> Json:
    moment = _read(value, step)
    if moment is None:
        raise Untranslatable(step.path.text, f"it is no moment as {step.read.text} has it", step.text)
    written = _write(moment, step)
    if written is None:
        raise Untranslatable(step.path.text, f"{step.write.text} has no room for it", step.text)
    return written


def _read(value: Json, step: WriteTime) -> Moment | None:
    match step.read.word:
        case TimeWord.UNIX:
            return _read_number(value, 0)
        case TimeWord.UNIX_MS:
            return _read_number(value, _MILLIS)
        case TimeWord.RFC3339:
            return _read_rfc_3339(value)
        case None:
            return _read_pattern(value, step)
        case _:
            assert_never(step.read.word)


def _read_number(value: Json, places: int) -> Moment | None:
    found = _NUMBER.fullmatch(value) if isinstance(value, Number) else None
    if found is None:
        return None
    digits = found[2].rjust(places + 1, "0")
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :] + (found[3] or "")
    return _signed(int(whole), fraction.rstrip("0"), negative=bool(found[1]))


def _signed(whole: int, fraction: str, *, negative: bool) -> Moment:
    """Below zero the fraction counts up from the second before."""
    if not negative or not fraction:
        return Moment(-whole if negative else whole, fraction)
    rest = 10 ** len(fraction) - int(fraction)
    return Moment(-whole - 1, str(rest).rjust(len(fraction), "0"))


def _read_rfc_3339(value: Json) -> Moment | None:
    found = _RFC_3339.fullmatch(value) if isinstance(value, str) and not isinstance(value, Number) else None
    if found is None:
        return None
    return _moment(found.groupdict(default=""), _offset(found["zone"] or ""), (found["fraction"] or "").rstrip("0"))


def _read_pattern(value: Json, step: WriteTime) -> Moment | None:
    if not isinstance(value, str) or isinstance(value, Number):
        return None
    found = re.fullmatch(_regex(step.read.pattern), value)
    if found is None:
        return None
    return _moment(dict.fromkeys("HMS", "00") | found.groupdict(), step.offset, "")


def _regex(pattern: str) -> str:
    pieces = re.split(r"%(.)", pattern)
    return "".join(_DIRECTIVES[each] if at % 2 else re.escape(each) for at, each in enumerate(pieces))


def _moment(parts: Mapping[str, str], offset: int | None, fraction: str) -> Moment | None:
    """`parts` as the directives name them; `offset` in minutes, None: there is no such zone."""
    day = CalendarDay(int(parts["Y"]), int(parts["m"]), int(parts["d"]))
    hour, minute, second = (int(parts[name]) for name in "HMS")
    if offset is None or not day.is_real or hour > 23 or minute > 59 or second > 59:
        return None
    return Moment(day.number * _DAY + hour * 3600 + (minute - offset) * 60 + second, fraction)


def _offset(zone: str) -> int | None:
    """`+09:00` in minutes; empty: UTC."""
    if not zone:
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:])
    if hours > 23 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def _write(moment: Moment, step: WriteTime) -> Json:
    """None: it has no place in that form."""
    match step.write.word:
        case TimeWord.UNIX:
            return _write_number(moment, 0)
        case TimeWord.UNIX_MS:
            return _write_number(moment, _MILLIS)
        case TimeWord.RFC3339:
            return _write_rfc_3339(moment, step.offset)
        case None:
            return None if moment.fraction else _write_pattern(moment, step)
        case _:
            assert_never(step.write.word)


def _write_number(moment: Moment, places: int) -> Number:
    seconds, fraction = moment
    negative = seconds < 0 and bool(fraction)
    if negative:
        seconds, fraction = seconds + 1, str(10 ** len(fraction) - int(fraction)).rjust(len(fraction), "0")
    shifted = fraction.ljust(places, "0")
    whole = int(f"{abs(seconds)}{shifted[:places]}")
    rest = shifted[places:].rstrip("0")
    sign = "-" if seconds < 0 or negative else ""
    return Number(f"{sign}{whole}" + (f".{rest}" if rest else ""))


def _write_rfc_3339(moment: Moment, offset: int) -> Json:
    parts = _local(moment, offset)
    if parts is None:
        return None
    fraction = f".{moment.fraction}" if moment.fraction else ""
    text = "{Y}-{m}-{d}T{H}:{M}:{S}".format_map(parts)
    return f"{text}{fraction}{_zone(offset) if offset else 'Z'}"


def _write_pattern(moment: Moment, step: WriteTime) -> Json:
    parts = _local(moment, step.offset)
    if parts is None:
        return None
    lost = [name for name in "HMS" if f"%{name}" not in step.write.pattern and parts[name] != "00"]
    return None if lost else re.sub(r"%(.)", lambda found: parts[found[1]], step.write.pattern)


def _local(moment: Moment, offset: int) -> dict[str, str] | None:
    """By the names of the directives; None: no calendar has it."""
    number, seconds = divmod(moment.seconds + offset * 60, _DAY)
    day = day_of(number)
    if not day.is_real:
        return None
    clock = {"H": seconds // 3600, "M": seconds // 60 % 60, "S": seconds % 60}
    return {"Y": f"{day.year:04}"} | {
        name: f"{value:02}" for name, value in {"m": day.month, "d": day.day, **clock}.items()
    }


def _zone(offset: int) -> str:
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"
