"""Names in a request's query, and in its body of JSON with what stands there: no value is kept.

Rule 1: a name is a path as adapters and brown-outs have it: `$.items[*].price`, `$['unit.price']`. Keys that are values
        by their look are `{}`: maps by id have one name.
Rule 2: so are names in a query, and what stands there without a name: `?4711`, `?ann@example.com`. Of `filter[name]`
        each part is looked at by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from proxy.core.discovery.endpoint import NULL
from proxy.core.discovery.segment import SegmentKind, kind_of
from proxy.core.translation.body_path import written_part

LARGEST = 16 * 1024
"""Bytes of a body that is looked at."""
MOST_FIELDS = 60
DEEPEST = 5
MOST_ITEMS = 20
A_VALUE = "{}"
"""Instead of a name that is a value by its look."""
_BRACKET = re.compile(r"([\[\]])")
_WORDS = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


def fields_of(body: bytes) -> tuple[tuple[str, str], ...] | None:
    """Each name with each kind that it had; None: the body is no object or list of JSON."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict | list):
        return None
    return tuple(sorted(set(_within(said, "$", 0))))[:MOST_FIELDS]


def _within(said: object, path: str, deep: int) -> Iterator[tuple[str, str]]:
    if deep >= DEEPEST:
        return
    if isinstance(said, dict):
        for name, value in said.items():
            below = path + _member(_plain(name))
            yield below, _kind(value)
            yield from _within(value, below, deep + 1)
    elif isinstance(said, list):
        for value in said[:MOST_ITEMS]:
            yield from _within(value, f"{path}[*]", deep + 1)


def _member(name: str) -> str:
    return f".{name}" if name == A_VALUE else written_part(f".{name}")


def _kind(value: object) -> str:
    return NULL if value is None else _WORDS[type(value)]


def names_of(query: str) -> tuple[str, ...]:
    """The names in a query, without its values: rule 2."""
    return tuple(_name_of(unquote_plus(pair.partition("=")[0])) for pair in query.split("&") if pair)


def _name_of(said: str) -> str:
    parts = [part if part in "[]" else _plain(part) for part in _BRACKET.split(said)]
    return "".join(parts) or A_VALUE


def _plain(name: str) -> str:
    """The name itself, unless it may be a value."""
    return name if name and kind_of(name) is SegmentKind.WORD else A_VALUE
