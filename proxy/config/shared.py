"""Values that many routes have in common, kept once.

Requests go over all routes of a table. What is one object for all of them stays in the processor's cache; ten thousand
equal ones do not.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar, cast

Value = TypeVar("Value", bound=Hashable)


class Shared:
    """The values of one table."""

    def __init__(self) -> None:
        self._known: dict[tuple[type, Hashable], Hashable] = {}

    def one(self, value: Value) -> Value:
        """The first value that was equal to this one, and of its type."""
        return cast("Value", self._known.setdefault((type(value), value), value))
