"""Tokens whose signature was verified, by their hash: that alone is remembered, and for as long as its key is there.

Rule 1: whoever finds a token here asks its claims, and whether its key still stands, as of one that is new.
Rule 2: nothing is remembered of a token that failed: a forger could fill any memory.
Rule 3: it is bounded by tokens and by their bytes; what was not asked for in a whole generation falls out.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from proxy.edge.auth.verifying_keys import VerifyingKey, VerifyingKeys

if TYPE_CHECKING:
    from proxy.core.auth.signed_token import SignedToken

MOST_TOKENS: Final = 4096
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of the tokens of one generation; there are two. As values they take about four times as much."""


class CheckedToken:
    """`key` is the identity of the key that has verified it, of the set at `source`."""

    __slots__ = ("_keys", "key", "source", "token")

    def __init__(self, token: SignedToken, source: str, key: str) -> None:
        """It was verified."""
        self.token = token
        self.source = source
        self.key = key
        self._keys: VerifyingKeys | None = None

    def stands(self, keys: VerifyingKeys | None) -> bool:
        """Whether its key would be asked today, by what is there now of its set; a set that did not change says yes."""
        if keys is None or keys is not self._keys:
            found = None if keys is None else keys.key_of(self.token)
            if not isinstance(found, VerifyingKey) or found.identity != self.key:
                return False
            self._keys = keys
        return True


class CheckedTokens:
    """One worker's."""

    __slots__ = ("_bytes", "_most", "_most_bytes", "_old", "_young")

    def __init__(self, most: int = MOST_TOKENS, most_bytes: int = MOST_BYTES) -> None:
        """`most` and `most_bytes` of one generation."""
        self._most = most
        self._most_bytes = most_bytes
        self._young: dict[bytes, tuple[CheckedToken, int]] = {}
        self._old: dict[bytes, tuple[CheckedToken, int]] = {}
        self._bytes = 0

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._young.keys() | self._old.keys())

    def get(self, digest: bytes) -> CheckedToken | None:
        """The token of this hash."""
        found = self._young.get(digest)
        if found is None:
            found = self._old.get(digest)
            if found is None:
                return None
            self.put(digest, *found)
        return found[0]

    def put(self, digest: bytes, checked: CheckedToken, size: int) -> None:
        """A token of `size` bytes."""
        if len(self._young) >= self._most or self._bytes + size > self._most_bytes:
            self._old, self._young, self._bytes = self._young, {}, 0
        self._young[digest] = (checked, size)
        self._bytes += size


def digest_of(token: bytes) -> bytes:
    """What stands for a token."""
    return sha256(token).digest()
