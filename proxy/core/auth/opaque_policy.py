"""A policy for tokens that say nothing by themselves: who issued them is asked (RFC 7662)."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.auth.auth_policy import ClaimIs
from proxy.core.secret import NO_TEXT, Secret

KEEP = 30.0
"""Seconds for which an answer is believed, where nothing else is said: for so long a revoked token lives on."""


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a secret is: in a file, or in the text, which came from the environment."""

    file: str = ""
    text: Secret[str] = NO_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """Where a token is asked for, as which client; `keep` in seconds."""

    url: str
    client: str
    secret: SecretPlace
    keep: float = KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaquePolicy:
    """As `JwtPolicy`, of tokens that are asked for. `issuer` empty, no `audience`: whatever the answer says of them."""

    name: str
    introspection: Introspection
    issuer: str = ""
    audience: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    claims: tuple[ClaimIs, ...] = ()
    subject: str = "sub"
    forward_token: bool = False
