"""A value that nobody may read by chance: whatever is made of it as text is `…`.

Rule 1: its value is had by `reveal` alone, where it is used; str, repr, format, JSON and a log line say `…`.
Rule 2: two secrets are equal when their values are; a secret is never equal to its value, and all hash alike.
"""

from __future__ import annotations

from typing import Generic, TypeVar

HIDDEN = "…"
Value = TypeVar("Value", str, bytes, tuple[bytes, ...])


class Secret(Generic[Value]):
    """No dataclass: encoders of JSON would look into one."""

    __slots__ = ("_value",)

    _value: Value

    def __init__(self, value: Value) -> None:
        """An empty value is no secret: it is false."""
        self._value = value

    def reveal(self) -> Value:
        """The value, in the clear."""
        return self._value

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        """Rule 2."""
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        """Rule 2."""
        return 0

    def __repr__(self) -> str:
        """Rule 1."""
        return HIDDEN if self._value else "''"

    def __str__(self) -> str:
        """Rule 1."""
        return HIDDEN if self._value else ""

    def __format__(self, spec: str) -> str:
        """Rule 1; a width holds."""
        return format(str(self), spec)


NO_TEXT = Secret("")
NO_BYTES = Secret(b"")
NO_LINES: Secret[tuple[bytes, ...]] = Secret(())
