"""The `Idempotency-Key` field: a structured field, an Item whose value is a String.

draft-ietf-httpapi-idempotency-key-header-07 section 2.1; RFC 9651 sections 3.1.2, 3.3.3, 4.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

FIELD: Final = b"idempotency-key"
LONGEST: Final = 255
"""Characters of a key; the draft leaves the bound to the server (section 2.2)."""
_STRING = rb'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"'
_BARE = rb"[!#-+.-:<-~-]+"
"""Of a parameter, which means nothing here: anything visible but quotes, commas and semicolons."""
_ITEM = re.compile(rb" *" + _STRING + rb"(?:; *[a-z*][a-z0-9_.*-]*(?:=(?:" + _STRING + rb"|" + _BARE + rb"))?)* *")
_ESCAPED = re.compile(rb"\\(.)")


def read_key(lines: Sequence[bytes]) -> str | None:
    """The key in the field's lines, of which there is at least one; None: they are malformed.

    Parameters are allowed and mean nothing. A key is not empty.
    """
    if len(lines) != 1:
        return None  # joined they would be a List (RFC 9651 section 4.2)
    match = _ITEM.fullmatch(lines[0])
    if match is None:
        return None
    key = _ESCAPED.sub(rb"\1", match[1])
    return key.decode("ascii") if 0 < len(key) <= LONGEST else None
