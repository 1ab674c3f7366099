"""What of a request target may stand in a log: never the value of something that sounds like a secret (R30).

Rule 1: a value is judged by its name, since a secret cannot be told by its look.
Rule 2: names match without case and percent-encoding, as parts of words; short ones (`pin`, `key`) as whole words,
        which a capital begins as well (`userPin`).
Rule 3: the time that it takes is proportional to the target's length, however hostile that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import unquote_to_bytes

_SECRET = re.compile(
    rb"token|passw|passphrase|passcode|secret|(?:api|access|private)[_-]?key|auth|session|signature|jwt|credential|bearer"
    rb"|card|cvv|cvc|iban|ssn|otp|assertion|saml|sessid|hmac|ticket"
    rb"|(?<![a-z])(?:key|sig|pin|code|pass|pwd|sid)(?-i:(?![a-z]))"
    rb"|(?-i:(?<=[a-z])(?:Key|Sig|Pin|Code|Pass|Pwd|Sid)(?![a-z]))",
    re.IGNORECASE,
)
_NAMES_BEGIN = re.compile(rb"[?;#]|%3[Bb]")
_USER = re.compile(rb"(?P<head>^(?:[A-Za-z][A-Za-z0-9+.-]{0,31}:)?//)(?P<value>[^/?#@]{1,1024})(?=@)")
_USER_INSIDE = re.compile(rb"//[^/?#@]{1,1024}@")
_PARAMETER = re.compile(rb"(?P<head>(?:;|%3[Bb])(?P<name>[^;/=]{1,64}?)(?:=|%3[Dd]))(?P<value>[^;/]+)")
_SEPARATOR = re.compile(rb"([&;])")
_INSIDE = re.compile(rb'"(?P<member>[^"\\]{1,64})"|(?:^|[?&;#])(?P<name>[^"=&;#?/]{1,64})=[^&;#]')
_MAY_HOLD = re.compile(rb'[%?"=@]')
HIDDEN = b"[redacted]"
REMEMBERED = 64
"""Characters of a name that is remembered with its verdict; names come from outside."""
_LONGEST_INSIDE = 8192
Hide = Callable[[bytes], bytes]
IsSecret = Callable[[bytes], bool]


def _hide(_: bytes) -> bytes:
    return HIDDEN


def _sounds_secret(name: bytes) -> bool:
    return _SECRET.search(_plain(name)) is not None


def redact_target(target: bytes, hide: Hide = _hide, is_secret: IsSecret = _sounds_secret) -> bytes:
    """The target, or URL, with what is secret in it replaced by what `hide` makes of it; `is_secret` judges raw names.

    A user and password before the host, parameters of the path, of the query and of the fragment; a parameter that
    holds JSON or another URL with a secret in it goes whole.
    """
    if is_secret is _sounds_secret and not _may_hold_secret(target):
        return target
    rest, mark, fragment = target.partition(b"#")
    if mark:
        fragment = b"?".join([_pairs(part, hide, is_secret) for part in fragment.split(b"?")])
    path, asks, query = rest.partition(b"?")
    path = _USER.sub(lambda found: found["head"] + hide(found["value"]), path)
    path = _PARAMETER.sub(lambda found: _parameter(found, hide, is_secret), path)
    return path + asks + _pairs(query, hide, is_secret) + mark + fragment


def _plain(text: bytes) -> bytes:
    """Decoded twice, as it may be when it stood in a value once."""
    return unquote_to_bytes(unquote_to_bytes(text)) if b"%" in text else text


def _may_hold_secret(target: bytes) -> bool:
    """Whether a word that sounds secret, or a user, stands where a name may: most targets have neither."""
    begin = _NAMES_BEGIN.search(target)
    names = _plain(target[begin.end() :]) if begin is not None else b""
    return (b"@" in target and b"//" in target) or _SECRET.search(names) is not None or b"@" in names


def _parameter(found: re.Match[bytes], hide: Hide, is_secret: IsSecret) -> bytes:
    return found["head"] + hide(found["value"]) if is_secret(found["name"]) else found[0]


def _pairs(query: bytes, hide: Hide, is_secret: IsSecret) -> bytes:
    return b"".join([_redact(part, hide, is_secret) for part in _SEPARATOR.split(query)])


def is_secret_name(name: str) -> bool:
    """Whether a parameter of this name would carry a secret."""
    return _known(name) if len(name) <= REMEMBERED else _judge(name)


def _judge(name: str) -> bool:
    return _SECRET.search(name.encode("utf-8", "replace")) is not None


_known = lru_cache(maxsize=4096)(_judge)


def _redact(pair: bytes, hide: Hide, is_secret: IsSecret) -> bytes:
    name, mark, value = pair.partition(b"=")
    if not mark and b"%" in name and _holds_secret(name, is_secret):  # the mark itself may be encoded
        return hide(name)
    return name + mark + hide(value) if value and (is_secret(name) or _holds_secret(value, is_secret)) else pair


def _holds_secret(value: bytes, is_secret: IsSecret) -> bool:
    """Whether a value is JSON, a URL or a pair in which something secret has a name, or a URL with a user."""
    if _MAY_HOLD.search(value) is None:
        return False
    plain = _plain(value)
    if _USER_INSIDE.search(plain) is not None:
        return True
    if len(plain) > _LONGEST_INSIDE:
        return _SECRET.search(plain) is not None
    return any(is_secret(found["member"] or found["name"]) for found in _INSIDE.finditer(plain))
