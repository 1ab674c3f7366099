"""What stands for a token where it may not stand itself: an HMAC-SHA256 under a key that is in no database.

Rule: what is hashed says what it is, so that a credential is never taken for a token.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from proxy.core.grants.token_request import Credentials
from proxy.core.secret import Secret

KEY_BYTES = 32


class TokenHashes:
    """Of one provider."""

    __slots__ = ("_key", "_provider")

    def __init__(self, provider: str, key: Secret[bytes]) -> None:
        """`key` is 32 bytes."""
        self._provider = provider
        self._key = key

    def token(self, token: Secret[str]) -> bytes:
        """Of a refresh token or an access token."""
        return self._of("token", token.reveal())

    def credential(self, credentials: Credentials) -> bytes:
        """Of who a client says that it is, and how it shows it."""
        return self._of("credential", credentials.proof, credentials.client_id, credentials.written.reveal())

    def subject(self, client_id: str, subject: Secret[str]) -> bytes:
        """Of whom a grant is about."""
        return self._of("subject", client_id, subject.reveal())

    def _of(self, *parts: str) -> bytes:
        told = b"".join(len(each).to_bytes(4, "big") + each for each in (part.encode() for part in parts))
        return hmac.digest(self._key.reveal(), self._provider.encode() + b"\0" + told, "sha256")


def read_key(text: bytes) -> Secret[bytes] | None:
    """32 bytes as they are, in hex, or in base64; None: something else."""
    if len(text) == KEY_BYTES:
        return Secret(text)
    stripped = text.strip()
    for decode in (binascii.unhexlify, base64.b64decode):
        try:
            found = decode(stripped)
        except (binascii.Error, ValueError):
            continue
        if len(found) == KEY_BYTES:
            return Secret(found)
    return None
