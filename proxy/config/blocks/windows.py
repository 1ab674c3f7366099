"""`windows:`, of the file, of an upstream and of a route: when the judge keeps still, and what is closed meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.block import Block, Draft, needed, optional
from proxy.config.readers import scalars
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, pattern_of
from proxy.config.text.problem import FileProblem, Path
from proxy.core.judge.policy import Freeze, Stops, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(rf"(?P<first>{'|'.join(DAYS)})(?:-(?P<last>{'|'.join(DAYS)}))?")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_WHEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})")


class TimeOfDay(NamedTuple):
    """A time of day, in minutes since midnight."""

    minute: int


class PointInTime(NamedTuple):
    """A point in time, in unix seconds."""

    at: float


def read_days(value: object) -> frozenset[int]:
    """`mon-fri`, `sat`, or a list of both; Monday is 0."""
    words = value if isinstance(value, list) else [value]
    found = [day for word in words for day in _span_of_days(word)]
    if not found or len(found) != len(set(found)):
        raise fault("must be days such as mon-fri or [sat, sun], each of them once")
    return frozenset(found)


def _span_of_days(word: object) -> Sequence[int]:
    found = _SPAN.fullmatch(word) if isinstance(word, str) else None
    if found is None:
        raise fault("must be days such as mon-fri or [sat, sun], each of them once")
    start, end = DAYS.index(found["first"]), DAYS.index(found["last"] or found["first"])
    return [(start + day) % 7 for day in range((end - start) % 7 + 1)]


def read_time(value: object) -> TimeOfDay | PointInTime:
    """`08:00`, or `2026-12-20T00:00Z`; in quotes, since some readers of YAML take them for numbers and dates."""
    text = str(value) if isinstance(value, str) else ""
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        return TimeOfDay(int(clock[1]) * 60 + int(clock[2]))
    try:
        if _WHEN.fullmatch(text):
            return PointInTime(datetime.fromisoformat(text).timestamp())
    except ValueError:
        raise fault("is no date of the calendar") from None
    raise fault('must be a time of day such as "08:00", or a date with its zone such as "2026-12-20T00:00Z"')


def read_zone(value: object) -> str:
    """A time zone by its IANA name, known to this system; `UTC` needs nothing."""
    if value == "UTC":
        return "UTC"
    try:
        return ZoneInfo(str(value) if isinstance(value, str) else "").key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise fault(
            "is not a time zone that this system knows", cure="write one such as Europe/Berlin, or UTC"
        ) from None


def read_answer(value: object) -> int:
    """503: closed for now, and nothing else is."""
    if value == 503 and isinstance(value, int):
        return 503
    raise fault("must be 503, with which clients are told when to come back")


_DAY_SCHEMA = {"type": "string", "pattern": pattern_of(_SPAN)}
Days = Annotated[
    frozenset[int],
    BeforeValidator(read_days),
    WithJsonSchema({"anyOf": [_DAY_SCHEMA, {"type": "array", "items": _DAY_SCHEMA}]}),
]
Time = Annotated[TimeOfDay | PointInTime, BeforeValidator(read_time), TEXT]
Zone = Annotated[str, BeforeValidator(read_zone), TEXT]
Answer = Annotated[int, BeforeValidator(read_answer), WithJsonSchema({"type": "integer", "enum": [503]})]
StopsWord = Annotated[Stops, BeforeValidator(scalars.Choice(Stops))]


class WindowBlock(Block):
    """When the judge keeps still, and clients perhaps have to wait: every week, or once."""

    name: scalars.Name = needed("What reasons call it.", "nightly-batch")
    days: Days | None = optional("The days on which it begins. Default every day.", "mon-fri", ["sat", "sun"])
    start: Time = needed("A time of day, or a date with its zone; in quotes.", "22:00", "2026-12-20T00:00Z")
    end: Time = needed("The same; not part of the window.", "06:00", "2027-01-04T00:00Z")
    zone: Zone | None = optional("The time zone of the times of day. Default UTC.", "Europe/Berlin")
    stops: StopsWord | None = optional(
        "everything: no promotion and no rollback; promotion: rollbacks are still made. Default everything for times "
        "of day, promotion for dates.",
        "everything",
        "promotion",
    )
    answer: Answer | None = optional(
        "503: what it belongs to is closed meanwhile; its clients are told when it ends. Default: nothing changes for "
        "clients.",
        503,
    )


def windows_of(*lists: Sequence[WindowBlock] | None) -> tuple[Window | Freeze, ...]:
    """Every window of the file, of a route's upstreams and of the route itself."""
    return tuple(_window(block) for blocks in lists for block in blocks or ())


def _window(block: WindowBlock) -> Window | Freeze:
    """Ends of two kinds have been reported by `window_problems`; here the start decides."""
    start, end, name, closes = block.start, block.end, str(block.name), block.answer is not None
    if isinstance(start, PointInTime):
        ends = end.at if isinstance(end, PointInTime) else start.at
        stops = Stops.EVERYTHING if closes else block.stops or Stops.PROMOTION
        return Freeze(name=name, start=start.at, end=ends, stops=stops, closes=closes)
    return Window(
        name=name,
        days=frozenset(range(7)) if block.days is None else block.days,
        start=start.minute,
        end=end.minute if isinstance(end, TimeOfDay) else start.minute,
        zone=block.zone or "UTC",
        stops=block.stops or Stops.EVERYTHING,
        closes=closes,
    )


def window_problems(draft: Draft, path: Path, block: WindowBlock) -> Iterator[FileProblem]:
    """What is wrong between the values of one."""
    if block.answer is not None and block.stops is Stops.PROMOTION:
        yield draft.problem((*path, "stops"), "what is closed is not judged: answer stops everything; take stops out")
    match block.start, block.end:
        case PointInTime(start), PointInTime(end):
            if end <= start:
                yield draft.problem((*path, "end"), "must come after start")
            for key in ("days", "zone"):
                if getattr(block, key) is not None:
                    message = f"{key} belongs to times of day; dates have their own zone and come once"
                    yield draft.problem((*path, key), message, at_key=True)
        case TimeOfDay(), TimeOfDay():
            if block.answer is not None and block.start == block.end and len(block.days or range(7)) == 7:
                yield draft.problem((*path, "end"), "it would never open: with answer there must be a time between")
        case _:
            yield draft.problem((*path, "end"), "must be of the kind of start: both times of day, or both dates")
