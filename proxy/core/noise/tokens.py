"""What in a text is a time, an id or a number, and what is left of the text without them.

Rule 1: a token is what looks generated: 8 characters or more of letters, digits, `_` and `-`, of both letters and
        digits, that do not begin like a date.
Rule 2: a skeleton is a text with `<t>` for times, `<i>` for tokens and `<n>` for other numbers.
Rule 3: of a text that is too long nothing is learned; of an answer that is, only its beginning is looked at.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from proxy.core.parity.numerals import is_number
from proxy.core.parity.texts import format_of

SHORTEST = 8
"""Characters of a value that is looked for elsewhere."""
LONGEST_TEXT = 16 * 1024
MOST_READ = 256 * 1024
"""Characters of an answer in which tokens are looked for."""
_RUN = re.compile(r"[A-Za-z0-9_-]{8,}")
_MIXED = re.compile(r"(?!\d{4}-\d\d-\d\d)(?=[A-Za-z_-]*[0-9])(?=[0-9_-]*[A-Za-z])", re.ASCII)
_ID = r"(?<![A-Za-z0-9_-])(?!\d{4}-\d\d-\d\d)(?=[A-Za-z_-]*[0-9])(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{8,}"
_TIME = (
    r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,12})?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?"
    r"|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT|\d\d:\d\d:\d\d(?:\.\d{1,12})?"
)
_PART = re.compile(rf"(?P<t>{_TIME})|(?P<i>{_ID})|(?P<n>\d+(?:\.\d+)?)", re.ASCII)
_PLACEHOLDER = re.compile(r"<[tin]>")


class Sort(StrEnum):
    """What kind of value something is, as far as noise is concerned; `word` is also a truth value."""

    TOKEN = "token"  # noqa: S105 - a kind of value
    NUMBER = "number"
    URL = "url"
    TEXT = "text"
    WORD = "word"


def sort_of(value: object) -> Sort:
    """The kind of a value of a body or a field."""
    if not isinstance(value, str):
        return Sort.NUMBER if is_number(value) else Sort.WORD
    match format_of(value):
        case "uuid" | "opaque":
            return Sort.TOKEN
        case "number":
            return Sort.NUMBER
        case "url":
            return Sort.URL
        case _:
            return Sort.TEXT if " " in value else Sort.WORD


def tokens_of(text: str) -> frozenset[str]:
    """Rule 1, of a value or a whole answer."""
    return frozenset(first_tokens(text[:MOST_READ]))


def first_tokens(text: str, most: int | None = None) -> list[str]:
    """The first of them in their order, each once."""
    return [run for run in dict.fromkeys(_RUN.findall(text)) if _MIXED.match(run)][:most]


@lru_cache(maxsize=1024)
def skeleton(text: str) -> str:
    """Rule 2; to be asked for texts up to `LONGEST_TEXT`."""
    return _PART.sub(lambda found: f"<{found.lastgroup}>", text)


def letters_of(skeleton_: str) -> int:
    """How many letters a skeleton has beside its placeholders."""
    return sum(map(str.isalpha, _PLACEHOLDER.sub("", skeleton_)))
