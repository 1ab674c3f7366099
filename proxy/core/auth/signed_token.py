"""A signed token as it is sent (RFC 7519, compact as in RFC 7515), read strictly before its signature is checked.

Rule 1: what two readers could understand in two ways is no token: a member that stands twice, padding, characters that
        base64url has not, bits behind its end, text that is no UTF-8, numbers that JSON does not have.
Rule 2: a token that brings its own key or the address of one (`jwk`, `jku`, `x5u`, `x5c`), asks for extensions (`crit`,
        `b64`), is encrypted, compressed or holds another token is refused, whatever else it says (RFC 8725).
Rule 3: it is bounded before it is read: bytes, and depth.
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64
from dataclasses import dataclass
from typing import Any, Final

from proxy.core.auth.refusal import Refusal

LONGEST: Final = 16 * 1024
"""Bytes of a whole token."""
DEEPEST: Final = 32
"""Levels of objects and lists in one part of it."""
_FORBIDDEN: Final = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "enc", "zip", "cty"})
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_PLAIN: Final = bytes.maketrans(b"-_", b"+/")
_ENDS: Final = {0: _ALPHABET, 2: b"AQgw", 3: b"AEIMQUYcgkosw048"}
"""The last character by the length of a text modulo 4: the bits that no byte takes are 0 (RFC 4648 section 3.5)."""
_PADDING: Final = {0: b"", 2: b"==", 3: b"="}
_TEXTS: Final = re.compile(r'"(?:[^"\\]|\\.?)*"?', re.DOTALL)
"""Also one that does not end: looked for from each quote to the end of all, a forged token would cost seconds."""


@dataclass(frozen=True, slots=True)
class SignedToken:
    """`claims` are what it says, true or not; `signed` the bytes under the signature. `typ` in lower case, or empty.

    `kid` None: its header names no key.
    """

    algorithm: str
    kid: str | None
    typ: str
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def read_token(text: bytes) -> SignedToken | Refusal:
    """By the rules above."""
    parts = text.split(b".")
    if len(text) > LONGEST or len(parts) != 3:
        return Refusal.MALFORMED
    header = _object(parts[0])
    claims = _object(parts[1])
    signature = _bytes(parts[2])
    if header is None or claims is None or not signature:
        return Refusal.MALFORMED
    if not _FORBIDDEN.isdisjoint(header):
        return Refusal.HEADER
    algorithm, kid, typ = header.get("alg"), header.get("kid"), header.get("typ", "")
    if not isinstance(algorithm, str) or not isinstance(typ, str) or not (kid is None or isinstance(kid, str)):
        return Refusal.HEADER
    if kid is None and "kid" in header:
        return Refusal.HEADER
    typ = typ.lower().removeprefix("application/")
    return SignedToken(algorithm, kid, typ, claims, parts[0] + b"." + parts[1], signature)


def _bytes(text: bytes) -> bytes | None:
    """base64url without padding, in its one spelling."""
    rest = len(text) & 3
    if rest == 1 or text.translate(None, _ALPHABET) or text[-1:] not in _ENDS[rest]:
        return None
    return a2b_base64(text.translate(_TO_PLAIN) + _PADDING[rest])


def _object(text: bytes) -> dict[str, Any] | None:
    """A JSON object in base64url."""
    data = _bytes(text)
    if data is None:
        return None
    try:
        written = data.decode("utf-8")
        if not written.startswith("{") or _is_deep(written):
            return None
        found = _DECODER.decode(written)
        if "\\u" in written:
            json.dumps(found, ensure_ascii=False).encode("utf-8")  # halves of a character have no bytes
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_deep(written: str) -> bool:
    """Whether it has more levels than a token has: asked of few, since most have fewer brackets than that."""
    if written.count("[") + written.count("{") <= DEEPEST:
        return False
    depth = 0
    for sign in _TEXTS.sub("", written):
        if sign in "[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif sign in "]}":
            depth -= 1
    return False


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _no_number(_: str) -> None:
    raise ValueError("NaN and Infinity are no JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)
