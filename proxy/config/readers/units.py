"""Readers of single values that carry a unit: lengths of time, shares, sizes, numbers with bounds.

Rule 1: a bare number is refused where a unit matters, with what was probably meant.
Rule 2: a length of time is read in one way wherever it stands; only how long it may be differs.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import matching, pattern_of

_LENGTH = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?(ms|s|m|h|d)")
_DAY = 86_400
_SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(_DAY)}
_MOST_DAYS = 366
_SHARE = re.compile(r"(?:100(?:\.0{1,2})?|(?:0|[1-9][0-9]?)(?:\.[0-9]{1,2})?) ?%")
_NO_SHARE = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,9}))? ?%")
"""What was meant as one, and is too large or too fine."""
SIZE = re.compile(r"([0-9]{1,12}) ?(B|KB|MB|GB|KiB|MiB|GiB)")
_MOST_AT_ONCE = 16 << 20
_NO_NUMBER = 10**18
_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def is_number(value: object) -> bool:
    """A number as YAML has them; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def can_be_repeated(value: object) -> bool:
    """Whether it is a number that a file may hold, so that a cure may name it (scalar.py reads longer ones as text)."""
    return is_number(value) and -_NO_NUMBER < value < _NO_NUMBER  # type: ignore[operator]  # told by `is_number`


def with_unit(value: object, *units: str) -> str:
    """The cure for a number alone; empty for anything else."""
    if not can_be_repeated(value):
        return ""
    return f"a number alone has no unit: write {' or '.join(f'{value}{unit}' for unit in units)}"


def read_length(value: object) -> float:
    """`5s`, `250ms`, `1.5m` or `2h`, up to a day, as seconds."""
    seconds = _seconds(value, "5s, 250ms, 1m or 2h")
    if seconds > _DAY:
        raise fault("must be at most 24h")
    return float(seconds)


def read_length_above_zero(value: object) -> float:
    """The same, but nothing that ends before it begins."""
    return _above_zero(read_length(value))


def read_span(value: object) -> float:
    """`30d`, `36h` or `10m`, up to a year, as seconds above 0."""
    seconds = _seconds(value, "30d, 36h or 10m")
    if seconds > _MOST_DAYS * _DAY:
        raise fault(f"must be at most {_MOST_DAYS}d")
    return _above_zero(float(seconds))


def _seconds(value: object, such_as: str) -> Decimal:
    found = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise fault(f"must be a length of time such as {such_as}", cure=with_unit(value, "s", "ms"))
    return Decimal(found[1]) * _SECONDS[found[2]]


def _above_zero(seconds: float) -> float:
    if not seconds:
        raise fault("must be longer than nothing")
    return seconds


def read_share(value: object) -> float:
    """`10%` or `0.25 %` as a number in [0, 1]."""
    if isinstance(value, str) and _SHARE.fullmatch(value):
        return float(Decimal(value.rstrip(" %")) / 100)
    found = _NO_SHARE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise fault("must be a share such as 10% or 0.25%", cure=_share_meant(value))
    number = Decimal(f"{found[1]}.{found[2] or 0}")
    if number > 100:
        raise fault("must be between 0 % and 100 %", got=f"{_short(number)} %")
    raise fault("a share has at most two decimals", got=f"{_short(number)} %")


def read_share_or_fraction(value: object) -> float:
    """A share, or a number from 0 to 1: both are common for sampling."""
    if is_number(value):
        if 0 <= value <= 1:  # type: ignore[operator]  # told by `is_number`
            return float(value)  # type: ignore[arg-type]
        raise fault("must be a share from 0% to 100%, or a number from 0 to 1", cure=_share_meant(value))
    return read_share(value)


def _share_meant(value: object) -> str:
    if not is_number(value):
        return "between 0 % and 100 %" if isinstance(value, str) and value.startswith("-") else ""
    if not can_be_repeated(value):
        return "between 0 % and 100 %"
    number = Decimal(str(value))
    if 0 < number <= 1:
        return f"did you mean {_short(number * 100)}%, or {_short(number)}%?"
    return f"did you mean {_short(number)}%?" if 1 < number <= 100 or not number else "between 0 % and 100 %"


def _short(number: Decimal) -> str:
    return f"{number.normalize():f}"


def read_size(value: object) -> int:
    """`10MiB` or `64KB` as bytes."""
    found = SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise fault("must be a size such as 512B, 64KiB or 10MiB", cure=with_unit(value, "B"))
    size = int(found[1]) * _BYTES[found[2]]
    if not 1 <= size <= 1 << 50:
        raise fault("must be between 1B and 1024 TiB", cure="leave it out for no bound" if not size else "")
    return size


def read_bounded_size(value: object) -> int:
    """A size of what is kept in memory whole, so that nobody asks for all of it."""
    size = read_size(value)
    if size > _MOST_AT_ONCE:
        raise fault("must be at most 16MiB: it is kept in memory whole")
    return size


class Whole:
    """Reads a whole number between two bounds, both included; within `Annotated` it describes itself."""

    def __init__(self, least: int, most: int) -> None:
        """The bounds."""
        self._least = least
        self._most = most

    def __call__(self, value: object) -> int:
        """The number itself."""
        if isinstance(value, int) and not isinstance(value, bool) and self._least <= value <= self._most:
            return value
        raise fault(f"must be a whole number between {self._least} and {self._most}")

    @property
    def schema(self) -> dict[str, Any]:
        """What the JSON Schema says of it."""
        return {"type": "integer", "minimum": self._least, "maximum": self._most}

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Pydantic reads by it."""
        return core_schema.no_info_before_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(self, *_: object) -> dict[str, Any]:
        """Pydantic describes it so."""
        return dict(self.schema)


SHARE_SCHEMA = {"type": "string", "pattern": pattern_of(_SHARE)}
SIZE_SCHEMA = {"type": "string", "pattern": pattern_of(SIZE)}
_FRACTION = {"type": "number", "minimum": 0, "maximum": 1}

Length = Annotated[float, BeforeValidator(read_length), matching(_LENGTH)]
LengthAboveZero = Annotated[float, BeforeValidator(read_length_above_zero), matching(_LENGTH)]
Span = Annotated[float, BeforeValidator(read_span), matching(_LENGTH)]
Share = Annotated[float, BeforeValidator(read_share), WithJsonSchema(SHARE_SCHEMA)]
ShareOrFraction = Annotated[
    float, BeforeValidator(read_share_or_fraction), WithJsonSchema({"anyOf": [SHARE_SCHEMA, _FRACTION]})
]
Size = Annotated[int, BeforeValidator(read_size), WithJsonSchema(SIZE_SCHEMA)]
Bytes = Annotated[int, BeforeValidator(read_bounded_size), WithJsonSchema(SIZE_SCHEMA)]
Connections = Annotated[int, Whole(1, 1_000_000)]
AtLeastOne = Annotated[int, Whole(1, 1_000_000)]
Queue = Annotated[int, Whole(0, 1_000_000)]
Few = Annotated[int, Whole(1, 3)]
Status = Annotated[int, Whole(200, 599)]
