"""The bounds of a request's head (docs/limits.md): how long a line, a field and the whole may be, how many fields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadBounds:
    """Bytes of the request line, of one field line and of the whole head, and how many fields."""

    line: int = 16 * 1024
    field: int = 16 * 1024
    head: int = 64 * 1024
    fields: int = 128
