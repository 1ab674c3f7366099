"""The keys of one key set, ready to verify: joserfc's, each with the algorithms that it is bound to.

Rule 1: of joserfc nothing is used but keys and signatures; what a token is, and whom it is for, is ours (core/auth).
Rule 2: which key verifies a token is said by its `kid`. Without one there has to be one key only that can be meant.
Rule 3: a key that joserfc cannot read is left out: no token names it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry
from joserfc.jws import JWSRegistry

from proxy.core.auth.algorithm import Algorithm, algorithms_of
from proxy.core.auth.refusal import Refusal

if TYPE_CHECKING:
    from joserfc.jwk import Key

    from proxy.core.auth.signed_token import SignedToken

_VERIFIES: Final = {each.value: JWSRegistry.algorithms[each.value] for each in Algorithm}


class VerifyingKey:
    """One public key; `identity` is the same for the same key said by the same words, in any set."""

    __slots__ = ("_key", "algorithms", "identity", "kid")

    def __init__(self, said: Mapping[str, Any], identity: str) -> None:
        """ValueError, JoseError, LookupError: it is none."""
        self._key: Key = JWKRegistry.import_key(dict(said))
        self.identity = identity
        self.kid: str | None = said.get("kid")
        self.algorithms = frozenset(each.value for each in algorithms_of(said))

    def verifies(self, token: SignedToken) -> bool:
        """Whether the signature is its owner's."""
        try:
            return _VERIFIES[token.algorithm].verify(token.signed, token.signature, self._key)
        except (JoseError, ValueError):
            return False


class VerifyingKeys:
    """Of one key set."""

    __slots__ = ("_by_kid", "_keys", "jwks")

    def __init__(self, jwks: bytes) -> None:
        """`jwks` as `read_public_keys` leaves it."""
        self.jwks = jwks
        self._keys = _read(jwks)
        self._by_kid: dict[str, list[VerifyingKey]] = {}
        for key in self._keys:
            if key.kid is not None:
                self._by_kid.setdefault(key.kid, []).append(key)

    def key_of(self, token: SignedToken) -> VerifyingKey | Refusal:
        """Rule 2."""
        named = self._keys if token.kid is None else self._by_kid.get(token.kid, [])
        if not named:
            return Refusal.UNKNOWN_KEY
        fitting = [key for key in named if token.algorithm in key.algorithms]
        if len(fitting) == 1:
            return fitting[0]
        return Refusal.WHICH_KEY if fitting else Refusal.ALGORITHM


def _read(jwks: bytes) -> list[VerifyingKey]:
    found: dict[str, VerifyingKey] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of keys that are too small, which verify nothing here
        for said in json.loads(jwks)["keys"] if jwks else ():
            try:
                key = VerifyingKey(said, json.dumps(said, sort_keys=True))
            except (JoseError, ValueError, LookupError):  # the last: it looks curves up by name
                continue
            found[key.identity] = key  # said twice it is one
    return list(found.values())
