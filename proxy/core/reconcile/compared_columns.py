"""Columns of two SELECTs beside each other: which are compared, and as what text each value is.

Rule 1: a value's text depends on the value alone: not on the session, the server's version or the column's width.
Rule 2: both sides give a column in one family, whose texts can be equal; else somebody has to say what is meant.

    number     whole numbers and decimals: 1, 1.0 and 1.00 are equal
    float      by their bits (float8send): printed digits differ between PostgreSQL 11 and 12; -0 and 0 are equal
    text       as it stands, enums too; of char(n) without its padding, as PostgreSQL itself compares it
    json       as jsonb: order of keys and blanks do not count; numbers within count as they are written
    bytes      in hex
    others     their own type's text under the settings that every session pins; arrays by the family of their items
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from proxy.core.outcome import Side
from proxy.core.reconcile.reconcile_check import ReconcileCheck

NUMBER, FLOAT, TEXT, JSON, BYTES = "number", "float", "text", "json", "bytes"
_WHOLE = frozenset({"int2", "int4", "int8"})
_PLAIN_TEXT = frozenset({"text", "varchar"})
_FAMILIES: Mapping[str, str] = {
    **dict.fromkeys((*_WHOLE, "numeric"), NUMBER),
    **dict.fromkeys(("float4", "float8"), FLOAT),
    **dict.fromkeys((*_PLAIN_TEXT, "bpchar", "name", "citext"), TEXT),
    **dict.fromkeys(("json", "jsonb"), JSON),
    "bytea": BYTES,
}
_TIMES = frozenset({"date", "timestamp", "timestamptz"})
_ORDERED = frozenset({NUMBER, TEXT, "uuid", *_TIMES})
_REFUSED = frozenset({"money"})
"""Printed by the locale of the server."""


class TypeKind(StrEnum):
    """`pg_type.typtype`, as far as it matters."""

    ENUM = "e"
    ROW = "c"
    NAMELESS = "p"
    OTHER = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as PostgreSQL describes it: `type` by its name in `pg_type`, `item` that of an array's items."""

    name: str
    type: str
    kind: TypeKind = TypeKind.OTHER
    item: str = ""

    @property
    def family(self) -> str:
        """What it may be compared with; empty: with nothing."""
        if self.item:
            return f"{_FAMILIES.get(self.item, self.item)}[]"
        if self.kind is TypeKind.ENUM:
            return TEXT
        if self.kind is not TypeKind.OTHER or self.type in _REFUSED:
            return ""
        return _FAMILIES.get(self.type, self.type)

    @property
    def is_whole(self) -> bool:
        """Whether its numbers have no decimals."""
        return self.type in _WHOLE

    @property
    def is_plain_text(self) -> bool:
        """Whether its text is the value itself, so that an index on it can be used."""
        return self.type in _PLAIN_TEXT

    @property
    def is_time(self) -> bool:
        """Whether it says when something happened."""
        return self.family in _TIMES


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreedColumns:
    """Columns of both sides: `key` and `compared` (the key among them) in one order for both; by side."""

    key: Mapping[Side, tuple[Column, ...]]
    compared: Mapping[Side, tuple[Column, ...]]
    watermark: Mapping[Side, Column | None]

    @property
    def names(self) -> tuple[str, ...]:
        """Of what is compared."""
        return tuple(column.name for column in self.compared[Side.LEGACY])


def agreed(check: ReconcileCheck, legacy: Sequence[Column], new: Sequence[Column]) -> AgreedColumns | tuple[str, ...]:
    """What is compared with what, or why nothing can be: a sentence for each reason."""
    given = {Side.LEGACY: legacy, Side.NEW: new}
    wrong = tuple(_wrong(check, given))
    if wrong:
        return wrong
    named = {side: {column.name: column for column in columns} for side, columns in given.items()}
    left_out = _left_out(check)
    names = [column.name for column in legacy if column.name not in left_out]
    return AgreedColumns(
        key={side: tuple(columns[name] for name in check.key) for side, columns in named.items()},
        compared={side: tuple(columns[name] for name in names) for side, columns in named.items()},
        watermark={side: columns.get(check.watermark) for side, columns in named.items()},
    )


def _left_out(check: ReconcileCheck) -> frozenset[str]:
    """What is selected and not compared: the two sides write a row at two moments."""
    return frozenset((*check.ignore, check.watermark)) - frozenset(check.key)


def _wrong(check: ReconcileCheck, given: Mapping[Side, Sequence[Column]]) -> Iterator[str]:
    for side, columns in given.items():
        for name, count in Counter(column.name for column in columns).items():
            if count > 1:
                yield f"{side} gives {count} columns called {name}: name each with AS"
        for name in check.key:
            if name not in {column.name for column in columns}:
                yield f"{side} gives no column {name}, which is in the key: add it to its select"
    yield from _not_on_both(check, given)
    yield from _not_alike(check, *given.values())
    watermarks = [column for columns in given.values() for column in columns if column.name == check.watermark]
    if check.watermark and not watermarks:
        yield f"no side gives the watermark {check.watermark}: add it to a select, or take the watermark out"
    for column in watermarks:
        if not column.is_time:
            yield f"the watermark {column.name} is of type {column.type}: it must be a date or timestamp"


def _not_on_both(check: ReconcileCheck, given: Mapping[Side, Sequence[Column]]) -> Iterator[str]:
    names = {side: {column.name for column in columns} for side, columns in given.items()}
    for side, other in ((Side.LEGACY, Side.NEW), (Side.NEW, Side.LEGACY)):
        for name in sorted(names[side] - names[other] - _left_out(check) - set(check.key)):
            yield f"only {side} gives the column {name}: add it to the select of {other}, or list it under ignore"


def _not_alike(check: ReconcileCheck, legacy: Iterable[Column], new: Iterable[Column]) -> Iterator[str]:
    others = {column.name: column for column in new}
    for column in legacy:
        other = others.get(column.name)
        if other is None or column.name in _left_out(check):
            continue
        if "" in {column.family, other.family}:
            yield f"the column {column.name} cannot be compared as it is: cast it in both selects, as with ::text"
        elif column.family != other.family:
            types = f"{column.type} at legacy and {other.type} at new"
            yield f"the column {column.name} is {types}: cast one of them in its select"
        elif column.name in check.key and column.family not in _ORDERED:
            yield f"the key {column.name} is of type {column.type}, which has no order here: cast it, as with ::text"


def quoted(name: str) -> str:
    """A name as it stands in a statement."""
    return '"' + name.replace('"', '""') + '"'


def text_of(column: Column) -> str:
    """The expression for the text of a column of the rows `r`."""
    value = f"r.{quoted(column.name)}"
    if column.item:
        return f"{value}::text"
    match column.family:
        case "number" if not column.is_whole:
            digits = f"{value}::text"
            return f"CASE WHEN strpos({digits}, '.') > 0 THEN rtrim(rtrim({digits}, '0'), '.') ELSE {digits} END"
        case "float":
            bits = f"encode(float8send({value}::float8 + 0), 'hex')"
            return f"CASE WHEN {value} = 'NaN' THEN 'NaN' ELSE {bits} END"
        case "json":
            return f"{value}::jsonb::text"
        case "bytes":
            return f"encode({value}, 'hex')"
        case _:
            return f"{value}::text"


def shown(column: Column, text: str | None) -> str:
    """A value's text as people read it: floats in digits, no value as null, texts in quotes."""
    if text is None:
        return "null"
    if column.family == FLOAT and text != "NaN":
        return repr(struct.unpack(">d", bytes.fromhex(text))[0])
    return text if column.family == NUMBER else f"'{text}'"
