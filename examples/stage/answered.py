"""What a client was answered, and whether what it asked for was begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NOT_BEGUN = "the write was not begun"
"""What Banyan says to a write that meets the very moment of a move; it was sent to no side (docs/dual-writes.md)."""


@dataclass(frozen=True, slots=True)
class Answered:
    """`status` 0: there was no answer; `said` is JSON."""

    status: int
    said: Any
    fields: Mapping[str, str]

    @property
    def comes_again_after(self) -> int | None:
        """Seconds after which a write that was not begun may come again; None: this is its answer."""
        if self.status != 503 or not isinstance(self.said, dict):
            return None
        is_begun = not str(self.said.get("detail")).startswith(_NOT_BEGUN)
        return None if is_begun else int(self.fields["Retry-After"])
