"""Readers of the values in `guard`, `ramp` and `windows`: steps, days, times of day and dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.readers import scalars, units
from proxy.config.readers.errors import fault, one_of
from proxy.core.judge.guard import Bad
from proxy.core.judge.policy import OnFailure, Stops
from proxy.core.stage import DOORS, GUARDED, Stage

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_WHEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})")
_MOST_STEPS = 20


class Minute(NamedTuple):
    """A time of day, in minutes since midnight."""

    minute: int


class Moment(NamedTuple):
    """A point in time, in unix seconds."""

    at: float


def read_share_above_zero(value: object) -> float:
    """A share of which something is left to prove."""
    share = units.read_share(value)
    if not share:
        raise fault("can never be proved to be nothing; the least is 0.01 %", got="")
    return share


def read_quantile(value: object) -> float:
    """A share with something on both sides."""
    share = units.read_share(value)
    if not 0.5 <= share < 1.0:
        raise fault("must be between 50 % and 99.99 %: of legacy's own answers, the share that is not slow")
    return share


def read_steps(value: object) -> tuple[float, ...]:
    """Rising shares, each above 0 % and below 100 %."""
    if not isinstance(value, list) or not value:
        raise fault("must be a list of rising shares such as [1%, 5%, 25%, 50%, 98%]", got="" if value == [] else None)
    if len(value) > _MOST_STEPS:
        raise fault(f"must be at most {_MOST_STEPS} steps", got=f"{len(value)}")
    steps = [units.read_share(each) for each in value]
    for at, step in enumerate(steps):
        if not 0.0 < step < 1.0:
            raise fault("a step lies above 0 % and below 100 %: legacy and live are stages of their own", got=value[at])
        if at and step <= steps[at - 1]:
            raise fault("each step must be greater than the one before", got=f"{value[at]} after {value[at - 1]}")
    return tuple(steps)


def read_classes(value: object) -> frozenset[Bad]:
    """A list of classes of bad events."""
    if not isinstance(value, list) or not value:
        raise fault(f"must be a list of {', '.join(Bad)}", got="" if value == [] else None)
    for each in value:
        if each not in list(Bad):
            raise one_of(each, Bad)
    return frozenset(Bad(each) for each in value)


def read_on_failure(value: object) -> tuple[tuple[Stage, OnFailure], ...]:
    """A word for every stage, or a mapping of stages to words."""
    word = scalars.Choice(OnFailure)
    if not isinstance(value, dict):
        found = word(value)
        return tuple((stage, found) for stage in GUARDED)
    guarded = [stage.value for stage in GUARDED]
    for stage in value:
        if stage not in guarded:
            raise fault(f"is said by stage: {', '.join(guarded)}", got=f'"{stage}"')
    return tuple((Stage(stage), word(said)) for stage, said in value.items())


def read_door(value: object) -> Stage:
    """The first stage from which the judge never goes back."""
    if value not in [each.value for each in DOORS]:
        raise one_of(value, [each.value for each in DOORS])
    return Stage(str(value))


def read_days(value: object) -> frozenset[int]:
    """`mon-fri`, `sat`, or a list of both; Monday is 0."""
    words = value if isinstance(value, list) else [value]
    found = [day for word in words for day in _span_of_days(word)]
    if not found or len(found) != len(set(found)):
        raise fault("must be days such as mon-fri or [sat, sun], each of them once")
    return frozenset(found)


def _span_of_days(word: object) -> Sequence[int]:
    first, dash, last = str(word).partition("-")
    if not isinstance(word, str) or first not in DAYS or (dash and last not in DAYS):
        raise fault("must be days such as mon-fri or [sat, sun], each of them once")
    start, end = DAYS.index(first), DAYS.index(last or first)
    return [(start + each) % 7 for each in range((end - start) % 7 + 1)]


def read_time(value: object) -> Minute | Moment:
    """`08:00`, or `2026-12-20T00:00Z`; in quotes, since some readers of YAML take them for numbers and dates."""
    text = str(value) if isinstance(value, str) else ""
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        return Minute(int(clock[1]) * 60 + int(clock[2]))
    try:
        if _WHEN.fullmatch(text):
            return Moment(datetime.fromisoformat(text).timestamp())
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


_TEXT = {"type": "string"}
_SHARE = {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,2})? ?%$"}
_DAY = {"type": "string", "pattern": "^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$"}
_WORD = {"type": "string", "enum": [each.value for each in OnFailure]}

ShareAboveZero = Annotated[float, BeforeValidator(read_share_above_zero), WithJsonSchema(_SHARE)]
Quantile = Annotated[float, BeforeValidator(read_quantile), WithJsonSchema(_SHARE)]
Steps = Annotated[
    tuple[float, ...],
    BeforeValidator(read_steps),
    WithJsonSchema({"type": "array", "items": _SHARE, "minItems": 1, "maxItems": _MOST_STEPS}),
]
Classes = Annotated[
    frozenset[Bad],
    BeforeValidator(read_classes),
    WithJsonSchema({"type": "array", "items": {"type": "string", "enum": [each.value for each in Bad]}, "minItems": 1}),
]
OnFailures = Annotated[
    tuple[tuple[Stage, OnFailure], ...],
    BeforeValidator(read_on_failure),
    WithJsonSchema(
        {
            "anyOf": [
                _WORD,
                {
                    "type": "object",
                    "properties": {each.value: _WORD for each in GUARDED},
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
Door = Annotated[
    Stage, BeforeValidator(read_door), WithJsonSchema({"type": "string", "enum": [each.value for each in DOORS]})
]
Days = Annotated[
    frozenset[int], BeforeValidator(read_days), WithJsonSchema({"anyOf": [_DAY, {"type": "array", "items": _DAY}]})
]
Time = Annotated[Minute | Moment, BeforeValidator(read_time), WithJsonSchema(_TEXT)]
Zone = Annotated[str, BeforeValidator(read_zone), WithJsonSchema(_TEXT)]
StopsWord = Annotated[Stops, BeforeValidator(scalars.Choice(Stops))]
