"""What tokens are sealed with: AES-256-GCM, the key's id in front, bound to the family and to what it is.

Rule 1: the first key seals, all of them open, so that keys can be changed one after the other.
Rule 2: what cannot be opened is an error with the id of the key that is missing, never an empty token.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proxy.core.secret import Secret

_ID, _NONCE = 4, 12
TOKEN, ANSWER = b"token", b"answer"
"""What is sealed: a refresh token, or the rest of an answer."""


class SealError(Exception):
    """Something cannot be opened with the keys that are here."""


class Sealer:
    """Of one provider."""

    def __init__(self, keys: Sequence[Secret[bytes]]) -> None:
        """At least one key of 32 bytes."""
        self._keys = {_id_of(key): AESGCM(key.reveal()) for key in keys}
        self._first = _id_of(keys[0])

    def seal(self, family: UUID, kind: bytes, value: Secret[bytes]) -> bytes:
        """Key id, nonce, ciphertext with its tag."""
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self._first].encrypt(nonce, value.reveal(), family.bytes + kind)
        return self._first + nonce + sealed

    def open(self, family: UUID, kind: bytes, sealed: bytes) -> Secret[bytes]:
        """The value; SealError."""
        key_id, nonce, rest = sealed[:_ID], sealed[_ID : _ID + _NONCE], sealed[_ID + _NONCE :]
        key = self._keys.get(key_id)
        if key is None:
            raise SealError(f"sealed with key {key_id.hex()}, which is not among keys.data; name it there again")
        try:
            return Secret(key.decrypt(nonce, rest, family.bytes + kind))
        except InvalidTag:
            raise SealError(f"damaged, or another family's (key {key_id.hex()})") from None


def _id_of(key: Secret[bytes]) -> bytes:
    return sha256(b"banyan key id\0" + key.reveal()).digest()[:_ID]
