"""A policy of tokens that say nothing by themselves, on a route: what becomes of the clerk's answer about one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from proxy.core.auth.principal import Principal
from proxy.core.auth.refusal import Refusal
from proxy.core.auth.token_claims import lacks, refusal_of_introspected
from proxy.link.introspection_questions import IntrospectToken, TokenIntrospected

if TYPE_CHECKING:
    from proxy.core.auth.auth_policy import ClaimIs, RouteAuth
    from proxy.core.auth.opaque_policy import OpaquePolicy
    from proxy.link.questions import Answer


class AskedIssuer:
    """With what the route asks beside its policy."""

    __slots__ = ("_claims", "_policy", "_scopes")

    def __init__(self, policy: OpaquePolicy, auth: RouteAuth) -> None:
        """Both together."""
        self._policy = policy
        self._scopes = policy.scopes | auth.scopes
        self._claims: tuple[ClaimIs, ...] = (*policy.claims, *auth.claims)

    def question(self, token: bytes) -> IntrospectToken:
        """What the clerk is asked."""
        return IntrospectToken(self._policy.name, token)

    def caller(self, answer: Answer) -> Principal | Refusal:
        """Who has sent the token."""
        if not isinstance(answer, TokenIntrospected):
            return Refusal.NO_KEYS  # of another version
        if not answer.active:
            return Refusal.INACTIVE
        claims: dict[str, Any] = json.loads(answer.claims)
        refused = refusal_of_introspected(self._policy, claims) or lacks(claims, self._scopes, self._claims)
        if refused is not None:
            return refused
        return Principal(
            self._policy.name, claims[self._policy.subject], str(claims.get("iss", "")), claims, answer.until
        )
