"""Bearer tokens as texts: which may be sent, and what one says of its own end."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode

_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,16384}=*")
_NEVER = float("inf")


def is_bearer(text: str) -> bool:
    """RFC 6750 section 2.1; no longer than a head may be."""
    return _TOKEN.fullmatch(text) is not None


def end_in(token: str) -> float:
    """The `exp` of a JWT (RFC 7519 section 4.1.4) in unix seconds, infinite where the token is none or says none.

    Nothing is verified: who gave us the token knows.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return _NEVER
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        found = claims.get("exp") if isinstance(claims, dict) else None
    except (ValueError, RecursionError):
        return _NEVER
    return float(found) if isinstance(found, int | float) and 0 <= found < 1e12 else _NEVER
