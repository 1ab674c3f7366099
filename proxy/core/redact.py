"""What of a request target may stand in a log: never the value of something that sounds like a secret (R30).

Rule 1: a value is judged by its name, since a secret cannot be told by its look.
Rule 2: names match without case and percent-encoding, as parts of words; short ones (`pin`, `key`) as whole words.
Rule 3: the time that it takes is proportional to the target's length, however hostile that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import unquote_to_bytes

_SECRET = re.compile(
    rb"token|passw|passphrase|passcode|secret|(?:api|access|private)[_-]?key|auth|session|signature|jwt|credential|bearer"
    rb"|card|cvv|cvc|iban|ssn|otp|assertion|saml|(?<![a-z])(?:key|sig|pin|code|pass|pwd|sid)(?![a-z])",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(rb"([&;])")
HIDDEN = b"[redacted]"
REMEMBERED = 64
"""Characters of a name that is remembered with its verdict; names come from outside."""


def _hide(_: bytes) -> bytes:
    return HIDDEN


def _sounds_secret(name: bytes) -> bool:
    return _SECRET.search(unquote_to_bytes(name)) is not None


def redact_target(
    target: bytes, hide: Callable[[bytes], bytes] = _hide, is_secret: Callable[[bytes], bool] = _sounds_secret
) -> bytes:
    """The target with secret query values replaced by what `hide` makes of them; `is_secret` judges raw names."""
    path, mark, query = target.partition(b"?")
    if not mark or (is_secret is _sounds_secret and not _sounds_secret(query)):
        return target
    return path + mark + b"".join([_redact(part, hide, is_secret) for part in _SEPARATOR.split(query)])


def is_secret_name(name: str) -> bool:
    """Whether a parameter of this name would carry a secret."""
    return _known(name) if len(name) <= REMEMBERED else _judge(name)


def _judge(name: str) -> bool:
    return _SECRET.search(name.encode("utf-8", "replace")) is not None


_known = lru_cache(maxsize=4096)(_judge)


def _redact(pair: bytes, hide: Callable[[bytes], bytes], is_secret: Callable[[bytes], bool]) -> bytes:
    name, mark, value = pair.partition(b"=")
    return name + mark + hide(value) if value and is_secret(name) else pair
