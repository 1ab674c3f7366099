"""The cookies that Banyan sets itself: values that only holders of the key can make (keyed BLAKE2b, RFC 7693).

Rule 1: what does not verify, has ended or is longer than these can be counts as absent; nothing else is said of it.
Rule 2: a cookie is for its purpose alone: the cohort's cannot stand in for the side's.
Rule 3: what is in them is no secret and says nothing of anybody: random bytes, keyed hashes, sides, times.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from hashlib import blake2b
from hmac import compare_digest
from math import ceil
from struct import Struct

from proxy.core.outcome import Side

ID_BYTES = 16
MOST_TIES = 8
_MAC = 16
_MILLI = 1000
_LONGEST = 256
_COHORT, _SIDE = b"banyan-cohort", b"banyan-side"
_TIME = Struct(">Q")
_TIE = Struct(">QQB")
_SIDES = (Side.LEGACY, Side.NEW)
_Ties = Mapping[int, tuple[Side, float]]


def seal_cohort(key: bytes, name: bytes, ends: float) -> bytes:
    """The cohort cookie's value: `name` are the cohort's random bytes, `ends` a unix time."""
    return _seal(key, _COHORT, _TIME.pack(int(ends)) + name)


def open_cohort(key: bytes, value: bytes, now: float) -> tuple[bytes, float] | None:
    """The cohort's bytes and when the cookie ends."""
    body = _open(key, _COHORT, value)
    if len(body) != _TIME.size + ID_BYTES:
        return None
    (ends,) = _TIME.unpack_from(body)
    return (body[_TIME.size :], float(ends)) if ends > now else None


def seal_ties(key: bytes, made: float, ties: _Ties) -> bytes:
    """The side cookie's value, with those of the ties that last longest; `made` and the ties' ends are unix times."""
    kept = sorted(ties.items(), key=lambda tie: tie[1][1], reverse=True)[:MOST_TIES]
    packed = [_TIE.pack(mark, ceil(ends * _MILLI), side is Side.NEW) for mark, (side, ends) in kept]
    return _seal(key, _SIDE, _TIME.pack(int(made)) + b"".join(packed))


def open_ties(key: bytes, value: bytes, now: float, since: float) -> dict[int, tuple[Side, float]]:
    """What still holds at `now`; nothing of a cookie made before `since`."""
    body = _open(key, _SIDE, value)
    if len(body) < _TIME.size or (len(body) - _TIME.size) % _TIE.size or _TIME.unpack_from(body)[0] < since:
        return {}
    found = _TIE.iter_unpack(body[_TIME.size :])
    return {mark: (_SIDES[is_new & 1], ends / _MILLI) for mark, ends, is_new in found if ends > now * _MILLI}


def set_cookie(name: bytes, value: bytes, age: int, *, secure: bool) -> bytes:
    """A ready line with CRLF (RFC 6265 section 4.1); `age` in seconds."""
    end = b"; Secure\r\n" if secure else b"\r\n"
    return b"Set-Cookie: %b=%b; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%b" % (name, value, age, end)


def _seal(key: bytes, purpose: bytes, body: bytes) -> bytes:
    return urlsafe_b64encode(body + _mac(key, purpose, body)).rstrip(b"=")


def _open(key: bytes, purpose: bytes, value: bytes) -> bytes:
    """The body; empty when it is not one of ours."""
    if not value or len(value) > _LONGEST:
        return b""
    try:
        sealed = urlsafe_b64decode(value + b"=" * (-len(value) % 4))
    except (Error, ValueError):
        return b""
    if urlsafe_b64encode(sealed).rstrip(b"=") != value:
        return b""  # decoders pass over what does not belong
    body, mac = sealed[:-_MAC], sealed[-_MAC:]
    return body if compare_digest(mac, _mac(key, purpose, body)) else b""


def _mac(key: bytes, purpose: bytes, body: bytes) -> bytes:
    return blake2b(body, digest_size=_MAC, key=key, person=purpose).digest()
