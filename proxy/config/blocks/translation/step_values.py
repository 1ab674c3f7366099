"""The values within a step of an adapter: paths, names, statuses, what is put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, beginning, matching
from proxy.core.translation.body_path import BodyPath, parse_body_path
from proxy.core.translation.field_lines import is_free_for_steps
from proxy.core.translation.field_steps import Empty, PlainValue

_ROOT = re.compile(r"\$")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_VISIBLE = re.compile(r"[ -~]{1,1000}")
_ZONE = re.compile(r"[+-](?:0[0-9]|1[0-4]):[0-5][0-9]")
_NOT_MAPPED = frozenset({204, 205, 206, 304})
"""Statuses by which a message has another body than others, or is no whole one."""


def read_path(value: object) -> BodyPath:
    """`$.items[*].price`; `$` is the whole body."""
    found = parse_body_path(value) if isinstance(value, str) else None
    if found is None:
        raise fault("must be a path such as $.address.zip, $.items[*].price or $['content-type']")
    return found


def read_header_name(value: object) -> str:
    """The name of a field that a step may touch."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise fault("must be the name of a header field such as X-Customer")
    if not is_free_for_steps(value):
        raise fault("is a field that Banyan or HTTP gives a meaning already, and no step's")
    return str(value)


def read_name(value: object) -> str:
    """A member's or a parameter's name."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return str(value)
    raise fault("must be a name, of 1 to 100 characters on one line")


def read_value(value: object) -> PlainValue | Empty:
    """What is put in: a text, a whole number, a truth value, an empty list or mapping."""
    match value:
        case str() | int():  # truth values are integers to Python
            return value
        case [] | {} if not value:
            return Empty(is_list=isinstance(value, list))
        case _:
            raise fault("must be a text, a whole number, true, false, [] or {}")


def read_zone(value: object) -> int:
    """`+09:00` as minutes east of UTC."""
    if not isinstance(value, str) or not _ZONE.fullmatch(value):
        raise fault('must be a distance from UTC such as "+09:00"')
    minutes = int(value[1:3]) * 60 + int(value[4:])
    return -minutes if value[0] == "-" else minutes


def read_statuses(value: object) -> tuple[tuple[int, int], ...]:
    """`{ 201: 200 }` as pairs."""
    pairs = list(value.items()) if isinstance(value, Mapping) else []
    if not pairs or not all(_is_status(each) for pair in pairs for each in pair):
        raise fault("must be statuses by statuses, such as { 201: 200 }; 204, 205, 206 and 304 stay as they are")
    return tuple((int(str(one)), int(str(other))) for one, other in pairs)


def _is_status(value: object) -> bool:
    text = str(value)
    return text.isascii() and text.isdigit() and 200 <= int(text[:4]) <= 599 and int(text[:4]) not in _NOT_MAPPED


PathText = Annotated[BodyPath, BeforeValidator(read_path), beginning(_ROOT)]
HeaderName = Annotated[str, BeforeValidator(read_header_name), matching(_TOKEN)]
MemberName = Annotated[str, BeforeValidator(read_name), TEXT]
ZoneText = Annotated[int, BeforeValidator(read_zone), matching(_ZONE)]
StatusPairs = Annotated[tuple[tuple[int, int], ...], BeforeValidator(read_statuses), WithJsonSchema({"type": "object"})]
StepValue = Annotated[
    PlainValue | Empty,
    BeforeValidator(read_value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "integer"},
                {"type": "boolean"},
                {"type": "array", "maxItems": 0},
                {"type": "object", "maxProperties": 0},
            ]
        }
    ),
]


def is_field_value(value: object) -> bool:
    """Whether it can stand in a header field."""
    return isinstance(value, str) and _VISIBLE.fullmatch(value) is not None and value == value.strip()


def as_header_name(text: str) -> str | None:
    """The name, or None where no step may set such a field."""
    return text if _TOKEN.fullmatch(text) and is_free_for_steps(text) else None
