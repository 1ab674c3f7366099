"""A subject who may not call, however good a token is: what an operator has ordered, and what a file lists.

Rule 1: a subject is text, compared as it is. Whatever policy has found it, it is suspended.
Rule 2: a file holds one in each line; blanks around it, empty lines, and what follows a `#` at the beginning of a line
        or after a blank say nothing.
Rule 3: quotes are part of a subject. Who lists one between two has probably meant the subject without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_ORDERED = 10_000
"""Suspensions by order; a longer list is a file's."""
MOST_BYTES = 8 * 1024 * 1024
"""Of a file."""
LONGEST_SUBJECT = 256
"""Characters."""
_COMMENT = re.compile(r"(?:^|\s)#.*")
_QUOTED = re.compile(r"""(["'])(.*)\1""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """By whom, since when (unix seconds) and why."""

    subject: str
    by: str
    since: float
    reason: str = ""


def read_subjects(data: bytes) -> frozenset[str] | str:
    """What a file lists, or why it cannot be taken, in a clause."""
    if len(data) > MOST_BYTES:
        return f"it has more than {MOST_BYTES} bytes"
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        return "it is no UTF-8"
    found = [_COMMENT.sub("", line).strip() for line in lines]
    for number, line in enumerate(found, 1):
        if len(line) > LONGEST_SUBJECT:
            return f"line {number} has more than {LONGEST_SUBJECT} characters"
    return frozenset(line for line in found if line)


def in_quotes(subjects: Iterable[str]) -> list[str]:
    """Those between two quotes, sorted (rule 3)."""
    return sorted(each for each in subjects if _QUOTED.fullmatch(each))
