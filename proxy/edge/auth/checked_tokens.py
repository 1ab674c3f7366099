"""Tokens whose signature was verified, by their hash: that alone is remembered, and for as long as its key is there.

Rule 1: whoever finds a token here asks anew whether its key stands, whether it has ended, and what the route asks. The
        rest of what a policy asks of its claims is remembered with the policy: neither of both can change.
Rule 2: nothing is remembered of a token that failed: a forger could fill any memory.
Rule 3: it is bounded by tokens and by their bytes; what was not asked for in a whole generation falls out.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from proxy.core.auth.principal import Principal
from proxy.core.auth.token_claims import good_within, refusal_of
from proxy.edge.auth.verifying_keys import VerifyingKey, VerifyingKeys

if TYPE_CHECKING:
    from proxy.core.auth.auth_policy import JwtPolicy
    from proxy.core.auth.refusal import Refusal
    from proxy.core.auth.signed_token import SignedToken

MOST_TOKENS: Final = 4096
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of the tokens of one generation; there are two. As values they take about four times as much."""


class CheckedToken:
    """`key` is the identity of the key that has verified it, of the set at `source`."""

    __slots__ = ("_good_from", "_good_until", "_keys", "_policy", "_principal", "key", "source", "token")

    def __init__(self, token: SignedToken, source: str, key: str) -> None:
        """It was verified."""
        self.token = token
        self.source = source
        self.key = key
        self._keys: VerifyingKeys | None = None
        self._policy: JwtPolicy | None = None
        self._principal: Principal | None = None
        self._good_from = self._good_until = 0.0

    def caller(self, policy: JwtPolicy, now: float) -> Principal | Refusal:
        """Who calls by it under the policy, whatever else the route asks; `now` in unix seconds."""
        known = self._principal
        if known is not None and policy is self._policy and self._good_from <= now < self._good_until:
            return known
        refused = refusal_of(policy, self.token, now)
        if refused is not None:
            return refused
        claims = self.token.claims
        self._good_from, self._good_until = good_within(policy, self.token)
        self._policy = policy
        self._principal = made = Principal(
            policy.name, claims[policy.subject], policy.issuer, claims, float(claims["exp"])
        )
        return made

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
