"""An operator's expressions, matched in time that grows with the value's length and no faster, whatever the expression.

Rule 1: an expression is one that RE2 takes: no look-around, no references back, no repetition above 1,000. Those that
        Python's `re` would try for hours on forty characters are matched at once.
Rule 2: an expression that a rule holds was read before (`problem_of`); one that RE2 does not take matches nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

LONGEST = 1000
"""Characters of a value that an expression is tried on."""
_KNOWN = 4096


@lru_cache(maxsize=_KNOWN)
def _compiled(expression: str) -> tuple[Any, str]:
    """The expression ready to match, or None, and then what is wrong with it."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression, options), ""
    except re2.error as error:
        said = error.args[0] if error.args else b"it cannot be read"
        return None, said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def problem_of(expression: str) -> str:
    """What is wrong with an expression; empty when it is one."""
    return _compiled(expression)[1]


def matches(expression: str, text: str) -> bool:
    """Whether the whole text matches."""
    pattern = _compiled(expression)[0]
    return len(text) <= LONGEST and pattern is not None and pattern.fullmatch(text) is not None
