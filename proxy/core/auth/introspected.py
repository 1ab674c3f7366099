"""An answer of an introspection endpoint (RFC 7662 section 2.2): whether a token is active, and for how long.

Rule 1: what is no whole answer says nothing of the token: it is neither good nor bad.
Rule 2: an answer is believed for a while, and never beyond the token's end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Introspected:
    """`claims` are the answer's members, empty where the token is not active; `until` in unix seconds."""

    active: bool
    claims: bytes
    until: float


def read_introspected(status: int, body: bytes, now: float, keep: float) -> Introspected | str:
    """What the answer says, or why it says nothing, in a clause."""
    if status != 200:
        return f"it answered {status}"
    if len(body) > MOST_BYTES:
        return f"its answer has more than {MOST_BYTES} bytes"
    try:
        found = json.loads(body, object_pairs_hook=_once, parse_constant=_no_number)
        claims = json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()  # not half a character
    except (ValueError, RecursionError):
        return "its answer is no JSON, or says a member twice"
    active = found.get("active") if isinstance(found, dict) else None
    if not isinstance(active, bool):
        return "its answer does not say whether the token is active"
    until = min(now + keep, _end(found, now + keep))
    if not active or until <= now:
        return Introspected(active=False, claims=b"", until=now + keep)
    return Introspected(active=True, claims=claims, until=until)


def _end(claims: Mapping[str, Any], otherwise: float) -> float:
    found = claims.get("exp")
    if not isinstance(found, int | float) or isinstance(found, bool) or found >= otherwise:
        return otherwise
    return float(max(found, 0))  # a whole number of JSON may be too large for a float


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _no_number(_: str) -> None:
    raise ValueError("NaN and Infinity are no JSON")
