"""What an unquoted scalar means: YAML 1.2's core schema, minus everything that YAML 1.1 would read otherwise.

Rule 1: true, false, null and decimal numbers are what they look like; everything else is text.
Rule 2: what two readers of YAML would take for different values is refused, with both readings and the cure.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_CONSTANTS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_TRUTH_WORDS = ("yes", "no", "on", "off", "y", "n")
_TRUTHS = frozenset(form for word in _TRUTH_WORDS for form in (word, word.title(), word.upper()))
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_REAL = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_ODD = re.compile(
    r"(?P<octal>[-+]?0o?[0-9_]+)"
    r"|(?P<hex>[-+]?0x[0-9a-fA-F_]+)"
    r"|(?P<binary>[-+]?0b[01_]+)"
    r"|(?P<clock>[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)"
    r"|(?P<date>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?)"
    r"|(?P<grouped>[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?)"
    r"|(?P<special>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
    r"|(?P<sign>=|<<)"
)
_READINGS = {
    "octal": "is an octal number to some readers of YAML and a decimal one to others",
    "hex": "is a number to some readers of YAML and text to others",
    "binary": "is a binary number to some readers of YAML and text to others",
    "clock": "is a number in base 60 to some readers of YAML and text to others",
    "date": "is a date to some readers of YAML and text to others",
    "grouped": "is a number to some readers of YAML and text to others",
    "special": "is a number that no setting can take",
    "sign": "has a meaning of its own in YAML 1.1",
}
MERGE = "<<"
"""YAML 1.1's merge key."""
_DIGITS = 18
"""Longer numbers are no setting; Python would take quadratic time for them."""


class Surprise(NamedTuple):
    """Why a scalar is refused, and what to write instead."""

    message: str


Meaning = bool | int | float | str | None


def resolve(text: str) -> Meaning | Surprise:
    """The value of an unquoted scalar."""
    if text[:1].isalpha() and text not in _CONSTANTS and text not in _TRUTHS:
        return text
    surprise = _surprise(text)
    return meaning(text) if surprise is None else Surprise(surprise)


def meaning(text: str) -> Meaning:
    """The value without any surprise: for text that no other reader of YAML will ever see."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) > _DIGITS:
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _REAL.fullmatch(text) else text


def key_surprise(text: str) -> str | None:
    """Why an unquoted key is refused; None when it is text to every reader."""
    if text == MERGE:
        return "merge keys are not part of YAML 1.2; write the keys out, or use an alias for a whole value"
    if text in _CONSTANTS:
        return f'is not text here; write it in quotes: "{text}"'
    return _surprise(text)


def _surprise(text: str) -> str | None:
    if text in _TRUTHS:
        truth = "true" if text.lower() in ("yes", "on", "y") else "false"
        return f'{text} is {truth} to some readers of YAML and text to others; write {truth}, or "{text}" in quotes'
    if text[:1].isalpha():
        return None
    found = _ODD.fullmatch(text)
    if found is None or _WHOLE.fullmatch(text):
        return None
    return f'{text} {_READINGS[found.lastgroup or "sign"]}; write it in quotes: "{text}"{_plainly(text, found)}'


def _plainly(text: str, found: re.Match[str]) -> str:
    """The number that was perhaps meant."""
    number = text.replace("_", "").lstrip("0") or "0"
    is_plain = found.lastgroup in ("octal", "grouped") and _REAL.fullmatch(number)
    return f", or as a plain number: {number}" if is_plain else ""
