"""Who calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, as a policy has verified it. `claims` are as in the token's payload, or in the introspection's answer.

    `policy` is the name of that policy; `expires` in unix seconds.
    """

    policy: str
    subject: str
    issuer: str
    claims: Mapping[str, object]
    expires: float


def client_of(principal: Principal) -> str:
    """The client that calls for the subject (RFC 9068 section 2.2, OpenID Connect's `azp`); else the subject itself."""
    for claim in ("client_id", "azp"):
        named = principal.claims.get(claim)
        if isinstance(named, str) and named:
            return named
    return principal.subject
