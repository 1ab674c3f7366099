"""What of a request target may stand in a log: never the value of something that sounds like a secret (R30).

Rule 1: a value is judged by its name, since a secret cannot be told by its look.
Rule 2: names match without case and percent-encoding, as parts of words; short ones (`pin`, `key`) as whole words.
Rule 3: the time that it takes is proportional to the target's length, however hostile that is.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_SECRET = re.compile(
    rb"token|passw|passphrase|passcode|secret|(?:api|access|private)[_-]?key|auth|session|signature|jwt|credential|bearer"
    rb"|card|cvv|cvc|iban|ssn|otp|assertion|saml|(?<![a-z])(?:key|sig|pin|code|pass|pwd|sid)(?![a-z])",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(rb"([&;])")
HIDDEN = b"[redacted]"


def redact_target(target: bytes) -> bytes:
    """The target with secret query values replaced."""
    path, mark, query = target.partition(b"?")
    if not mark or _SECRET.search(unquote_to_bytes(query)) is None:
        return target
    return path + mark + b"".join([_redact(part) for part in _SEPARATOR.split(query)])


def is_secret_name(name: str) -> bool:
    """Whether a parameter of this name would carry a secret."""
    return _SECRET.search(name.encode("utf-8", "replace")) is not None


def _redact(pair: bytes) -> bytes:
    name, mark, value = pair.partition(b"=")
    return name + mark + HIDDEN if value and _SECRET.search(unquote_to_bytes(name)) else pair
