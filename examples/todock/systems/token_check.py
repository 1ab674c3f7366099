"""Who calls, by a token of the identity provider: each API checks it itself, with the provider's public keys.

Rule: the keys are fetched when they are first needed, and anew, every ten seconds at most, when a token does not fit
      them; while the provider is away those that were fetched go on.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from examples.todock.systems.settings import AUDIENCE

_AT_MOST_EACH = 10.0


@dataclass(frozen=True, slots=True)
class Caller:
    """`number`: of the member's card."""

    number: str
    scopes: frozenset[str]


class RefusedTokenError(Exception):
    """`status` and `error` as RFC 6750 has them."""

    def __init__(self, status: int, error: str, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.error = error

    @property
    def challenge(self) -> str:
        """For `WWW-Authenticate`."""
        return f'Bearer error="{self.error}", error_description="{self}"'


class TokenCheck:
    """Of one API; for threads."""

    def __init__(self, issuer: str, needs: str = "") -> None:
        """`needs`: a scope."""
        self._issuer = issuer
        self._url = f"{issuer}/jwks"
        self._needs = needs
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._fetching = threading.Lock()

    def caller(self, authorization: str) -> Caller:
        """RefusedTokenError says why it is nobody's."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise RefusedTokenError(401, "invalid_token", "there is no bearer token")
        try:
            claims = self._verified(token)
        except (JoseError, ValueError) as error:
            raise RefusedTokenError(401, "invalid_token", type(error).__name__) from error
        audience = claims.get("aud")
        meant = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self._issuer or AUDIENCE not in meant:
            raise RefusedTokenError(401, "invalid_token", "it is of another issuer, or for somebody else")
        if not isinstance(ends := claims.get("exp"), int) or ends < time.time():
            raise RefusedTokenError(401, "invalid_token", "it has ended")
        scopes = frozenset(str(claims.get("scope", "")).split())
        if self._needs and self._needs not in scopes:
            raise RefusedTokenError(403, "insufficient_scope", f"it has no scope {self._needs}")
        return Caller(str(claims["member_number"]), scopes)

    def _verified(self, token: str) -> dict[str, Any]:
        """By the keys that are known, and by fresh ones where those do not fit."""
        if self._keys is None:
            self._fetch()
        try:
            return self._decoded(token)
        except (JoseError, ValueError):
            if time.monotonic() - self._fetched_at < _AT_MOST_EACH:
                raise
            self._fetch()
            return self._decoded(token)

    def _decoded(self, token: str) -> dict[str, Any]:
        return dict(jwt.decode(token, self._keys or KeySet([]), algorithms=["RS256"]).claims)

    def _fetch(self) -> None:
        """Whoever waits for another's fetch takes what that has brought."""
        seen = self._fetched_at
        with self._fetching:
            if self._fetched_at != seen:
                return
            self._fetched_at = time.monotonic()
            with contextlib.suppress(OSError), urllib.request.urlopen(self._url, timeout=5) as answer:  # noqa: S310
                self._keys = KeySet.import_key_set(json.load(answer))
