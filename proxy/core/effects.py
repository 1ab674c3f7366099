"""What repeating a request may do: the one declaration that governs retry, shadow and fallback."""

from __future__ import annotations

from enum import StrEnum

_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_IDEMPOTENT = frozenset({b"PUT", b"DELETE"})


class Effects(StrEnum):
    """From harmless to harmful; RFC 9110 section 9.2 gives the first two."""

    SAFE = "safe"
    IDEMPOTENT = "idempotent"
    KEYED = "keyed"
    UNSAFE = "unsafe"


def effects_of(method: bytes, *, has_key: bool) -> Effects:
    """The default by method; `has_key` says that an `Idempotency-Key` header is present."""
    if method in _SAFE:
        return Effects.SAFE
    if method in _IDEMPOTENT:
        return Effects.IDEMPOTENT
    return Effects.KEYED if has_key else Effects.UNSAFE
