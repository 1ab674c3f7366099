"""What a reader of text tells the JSON Schema: the patterns are made of the regular expressions that it reads with."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import WithJsonSchema

TEXT = WithJsonSchema({"type": "string"})
_PART = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\(\?P<\w+>|[A-Za-z]|.", re.DOTALL)


def pattern_of(*readers: re.Pattern[str]) -> str:
    """A pattern of ECMA 262 for the texts that one of these matches in full."""
    return f"^(?:{'|'.join(map(_portable, readers))})$"


def _portable(reader: re.Pattern[str]) -> str:
    """Groups without names, and letters in both cases where the reader passes over the case."""
    either = bool(reader.flags & re.IGNORECASE)
    return "".join(_part(found[0], either=either) for found in _PART.finditer(reader.pattern))


def _part(text: str, *, either: bool) -> str:
    if text.startswith("(?P<"):
        return "("
    return f"[{text.upper()}{text.lower()}]" if either and text.isalpha() else text


def matching(*readers: re.Pattern[str]) -> WithJsonSchema:
    """A text that one of these matches in full."""
    return WithJsonSchema({"type": "string", "pattern": pattern_of(*readers)})


def beginning(reader: re.Pattern[str]) -> WithJsonSchema:
    """A text that begins like this."""
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{_portable(reader)})"})


def words(known: Iterable[str]) -> WithJsonSchema:
    """One of these words."""
    return WithJsonSchema({"type": "string", "enum": [str(word) for word in known]})
