"""What a token's claims come to, under a policy and on a route.

Rule 1: they are asked anew with every request, but for what neither clock nor route has a part in: that stays as it is
        while the policy stands, and so does the time within which the token is good (`good_within`).
Rule 2: a time is a number of JSON, finite and not true or false; a token without an end, or with one beyond a year, is
        refused (RFC 8725 asks for less; a stolen one would be good for ever).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeGuard

from proxy.core.auth.auth_policy import ClaimIs, JwtPolicy
from proxy.core.auth.opaque_policy import OpaquePolicy
from proxy.core.auth.refusal import Refusal
from proxy.core.auth.signed_token import SignedToken

LONGEST_LIFE: Final = 366 * 86_400.0
"""Seconds from now to the end of a token."""
_USUAL_TYPES: Final = ("", "jwt", "at+jwt")
"""Of tokens for whom nothing else is said: others are made for something else (RFC 8725 section 3.11)."""


def refusal_of(policy: JwtPolicy, token: SignedToken, now: float) -> Refusal | None:
    """Why this policy does not take the token, whoever has signed it; `now` in unix seconds."""
    claims = token.claims
    if claims.get("iss") != policy.issuer:
        return Refusal.ISSUER
    if token.algorithm not in policy.algorithms:
        return Refusal.ALGORITHM
    if token.typ != policy.typ and (policy.typ or token.typ not in _USUAL_TYPES):
        return Refusal.TYPE
    if not _is_for(claims.get("aud"), policy.audience):
        return Refusal.AUDIENCE
    subject = claims.get(policy.subject)
    if not isinstance(subject, str) or not subject:
        return Refusal.SUBJECT
    return _refused_by_time(claims, policy.leeway, now)


def refusal_of_introspected(policy: OpaquePolicy, claims: Mapping[str, Any]) -> Refusal | None:
    """Why this policy does not take a token that is active; what the policy does not ask for may be anything."""
    if policy.issuer and claims.get("iss") != policy.issuer:
        return Refusal.ISSUER
    if policy.audience and not _is_for(claims.get("aud"), policy.audience):
        return Refusal.AUDIENCE
    subject = claims.get(policy.subject)
    return None if isinstance(subject, str) and subject else Refusal.SUBJECT


def _refused_by_time(claims: Mapping[str, Any], leeway: float, now: float) -> Refusal | None:
    """Rule 2."""
    ends, begins = claims.get("exp"), claims.get("nbf", 0)
    if not _is_time(ends) or ends > now + LONGEST_LIFE:  # compared, never added to: a whole number may have any size
        return Refusal.LIFETIME
    if ends <= now - leeway:
        return Refusal.EXPIRED
    return None if _is_time(begins) and begins <= now + leeway else Refusal.NOT_YET


def good_within(policy: JwtPolicy, token: SignedToken) -> tuple[float, float]:
    """Of a token that the policy has taken once: from which unix seconds on, and before which, it takes it again."""
    ends, begins = float(token.claims["exp"]), float(max(token.claims.get("nbf", 0), 0))  # bounded since it was taken
    return max(begins - policy.leeway, ends - LONGEST_LIFE), ends + policy.leeway


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_for(audience: object, wanted: frozenset[str]) -> bool:
    """A text, or a list of texts one of which is wanted (RFC 7519 section 4.1.3)."""
    if isinstance(audience, list):
        return all(isinstance(each, str) for each in audience) and not wanted.isdisjoint(audience)
    return isinstance(audience, str) and audience in wanted


def lacks(claims: Mapping[str, Any], scopes: frozenset[str], wanted: Iterable[ClaimIs]) -> Refusal | None:
    """What a verified token has too little of."""
    if scopes and not scopes <= scopes_of(claims):
        return Refusal.SCOPE
    return None if all(fits(claims, each) for each in wanted) else Refusal.CLAIM


def scopes_of(claims: Mapping[str, Any]) -> frozenset[str]:
    """`scope` (RFC 8693 section 4.2), or where there is none `scp`, as some providers have it."""
    found = claims.get("scope", claims.get("scp", ""))
    words = found.split(" ") if isinstance(found, str) else found if isinstance(found, list) else ()
    return frozenset(word for word in words if isinstance(word, str) and word)


def fits(claims: Mapping[str, Any], wanted: ClaimIs) -> bool:
    """Whether the claim is there, and is or holds one of the values."""
    if wanted.name not in claims:
        return False
    return not wanted.values or not wanted.values.isdisjoint(texts_of(claims[wanted.name]))


def texts_of(claim: object) -> tuple[str, ...]:
    """A claim's values as routes.yaml writes them; what is no text, whole number, true or false has none."""
    match claim:
        case str():
            return (claim,)
        case bool():
            return ("true" if claim else "false",)
        case int():
            return (str(claim),)
        case list():
            return tuple(text for each in claim if not isinstance(each, list) for text in texts_of(each))
        case _:
            return ()
