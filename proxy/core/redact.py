"""What of a request target may stand in a log: never the value of something that sounds like a secret (R30).

A value is judged by its name, since a secret cannot be told by its look; names match without case, as parts of words.
"""

from __future__ import annotations

import re

_SECRET = (
    rb"(?:token|passw|passphrase|secret|api[_-]?key|access[_-]?key|auth|session|signature|\bsig\b|jwt|credential|\bpin\b"
    rb"|card|cvv|cvc|iban|ssn|\bcode\b|otp|assertion|saml|\bkey\b)"
)
_PAIR = re.compile(rb"(?i)((?:^|[&;])[^=&;]*" + _SECRET + rb"[^=&;]*=)[^&;]*")
_NAME = re.compile(_SECRET.decode(), re.IGNORECASE)
HIDDEN = b"[redacted]"


def redact_target(target: bytes) -> bytes:
    """The target with secret query values replaced."""
    path, mark, query = target.partition(b"?")
    return path + mark + _PAIR.sub(rb"\1" + HIDDEN, query) if mark else target


def is_secret_name(name: str) -> bool:
    """Whether a path parameter of this name would carry a secret."""
    return _NAME.search(name) is not None
