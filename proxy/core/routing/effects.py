"""What repeating a request may do: the one declaration that governs retry, shadow and fallback.

Rule 1: what has reached an upstream is sent again by its method alone only if it is safe and has no body (R15).
Rule 2: PUT, DELETE and every body are sent again only where the route declares `effects`.
Rule 3: by its method alone a safe request is put to each side once at most, by a shadow or by a fallback; what asks
        the same side a second time needs the declaration (`proxy.core.routing.second`).
Rule 4: a key stands for one execution on the side that knows it; the other side does not.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

SAFE_METHODS: Final = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_IDEMPOTENT: Final = frozenset({b"PUT", b"DELETE"})


class Effects(StrEnum):
    """From harmless to harmful; RFC 9110 section 9.2 gives the first two."""

    SAFE = "safe"
    IDEMPOTENT = "idempotent"
    KEYED = "keyed"
    UNSAFE = "unsafe"


def effects_of(method: bytes, *, has_key: bool) -> Effects:
    """The default by method; `has_key` says that an `Idempotency-Key` header is present."""
    if method in SAFE_METHODS:
        return Effects.SAFE
    if method in _IDEMPOTENT:
        return Effects.IDEMPOTENT
    return Effects.KEYED if has_key else Effects.UNSAFE


def may_repeat(declared: Effects | None, method: bytes, *, has_key: bool, has_body: bool, elsewhere: bool) -> bool:
    """Whether what may have been executed may be asked again, of the same side or `elsewhere`."""
    if declared is None:
        return effects_of(method, has_key=has_key) is Effects.SAFE and not has_body
    if declared is Effects.KEYED:
        return has_key and not elsewhere
    return declared is not Effects.UNSAFE
