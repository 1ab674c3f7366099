"""What a request field may hold of a claim, or of an answer about its caller."""

from __future__ import annotations

import re
from typing import Final

LONGEST_VALUE: Final = 4096
"""Bytes of one field's value."""
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f]|\A[ ]|[ ]\Z|[\ud800-\udfff]")


def writable(text: str) -> bytes:
    """The value in UTF-8; empty where a field would end early, lose its blanks, or be too long."""
    if _UNWRITABLE.search(text):
        return b""
    value = text.encode("utf-8")
    return value if len(value) <= LONGEST_VALUE else b""
