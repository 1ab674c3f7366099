"""The principal as a signed token for one upstream: RFC 9068's claims, good for a minute.

Rule 1: what is signed is the verified principal; of its claims only `client_id` and `scope` go along.
Rule 2: a token is for one upstream: its `aud` is that upstream's own, so that no other can pass it on as its caller's.
Rule 3: one key signs; others are published beside it, ahead of their time or until the last token of theirs has ended.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.core.auth.algorithm import Algorithm
from proxy.core.auth.principal import Principal, client_of
from proxy.core.secret import Secret

LASTS: Final = 60.0
"""Seconds from its making to a token's end."""
REUSED: Final = 30.0
"""Seconds for which a token is sent again; behind them it has half of its life."""
LARGEST: Final = 4096
"""Bytes of its scopes; beyond, they are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrincipalKey:
    """The key in use: its name, its algorithm, and itself in PEM."""

    kid: str
    algorithm: Algorithm
    pem: Secret[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPrincipal:
    """The field `name` has the token. `published` are the public halves of all keys, each a JWK as JSON.

    `audiences` by upstream; one that is not among them is its own audience, by its name.
    """

    name: str
    issuer: str
    signer: PrincipalKey
    published: tuple[bytes, ...]
    audiences: Mapping[str, str] = field(default_factory=dict)

    def audience(self, upstream: str) -> str:
        """Rule 2."""
        return self.audiences.get(upstream, upstream)


def header_of(signer: PrincipalKey) -> bytes:
    """The first part of every token of this key."""
    return _part({"alg": signer.algorithm.value, "kid": signer.kid, "typ": "at+jwt"})


def claims_of(said: SignedPrincipal, principal: Principal, audience: str, now: float, token_id: str) -> bytes:
    """The second part; `now` in unix seconds, `token_id` is nobody else's."""
    claims: dict[str, object] = {
        "iss": said.issuer,
        "sub": principal.subject,
        "aud": audience,
        "client_id": client_of(principal),
        "iat": int(now),
        "exp": int(now + LASTS),
        "jti": token_id,
    }
    scope = scope_of(principal)
    return _part(claims | {"scope": scope} if scope else claims)


def scope_of(principal: Principal) -> str:
    """What the caller may do, as RFC 8693 section 4.2 writes it."""
    said = principal.claims.get("scope")
    return said if isinstance(said, str) and len(said) <= LARGEST else ""


def cache_key(principal: Principal, upstream: str) -> bytes:
    """The same for requests that may carry the same token; a member's length parts it from the next."""
    parts = (principal.policy, principal.issuer, principal.subject, client_of(principal), scope_of(principal), upstream)
    return "".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass")


def encoded(data: bytes) -> bytes:
    """Base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=")


def _part(claims: Mapping[str, object]) -> bytes:
    return encoded(json.dumps(claims, separators=(",", ":"), sort_keys=True).encode("ascii"))


def key_set_of(published: Iterable[bytes]) -> bytes:
    """The JWK Set of these public keys (RFC 7517 section 5)."""
    return b'{"keys":[%b]}' % b",".join(published)
