from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from proxy.core.auth.algorithm import Algorithm
from proxy.core.auth.auth_policy import ClaimIs, JwtPolicy
from proxy.core.auth.opaque_policy import Introspection, OpaquePolicy, SecretPlace
from proxy.core.auth.refusal import Refusal
from proxy.core.auth.signed_token import SignedToken
from proxy.core.auth.token_claims import (
    LONGEST_LIFE,
    fits,
    good_within,
    lacks,
    refusal_of,
    refusal_of_introspected,
    scopes_of,
    texts_of,
)

NOW = 1_700_000_000.0
POLICY = JwtPolicy(
    name="members",
    issuer="https://id",
    audience=frozenset({"orders"}),
    algorithms=frozenset({Algorithm.RS256}),
    source="file:jwks.json",
    leeway=10.0,
)
GOOD: dict[str, Any] = {"iss": "https://id", "aud": "orders", "sub": "ada", "exp": NOW + 60}


def token(typ: str = "", algorithm: str = "RS256", **claims: object) -> SignedToken:
    return SignedToken(algorithm, "one", typ, {**GOOD, **claims}, b"", b"")


def refusal(policy: JwtPolicy = POLICY, typ: str = "", algorithm: str = "RS256", **claims: object) -> Refusal | None:
    return refusal_of(policy, token(typ, algorithm, **claims), NOW)


@pytest.mark.parametrize(
    ("claims", "refused"),
    [
        ({}, None),
        ({"iss": "https://id/"}, Refusal.ISSUER),
        ({"iss": None}, Refusal.ISSUER),
        ({"aud": ["a", "orders"]}, None),
        ({"aud": ["orders", 1]}, Refusal.AUDIENCE),
        ({"aud": []}, Refusal.AUDIENCE),
        ({"aud": "order"}, Refusal.AUDIENCE),
        ({"aud": None}, Refusal.AUDIENCE),
        ({"sub": ""}, Refusal.SUBJECT),
        ({"sub": 1}, Refusal.SUBJECT),
        ({"exp": NOW - 9.9}, None),
        ({"exp": NOW - 10}, Refusal.EXPIRED),
        ({"exp": -(10**400)}, Refusal.EXPIRED),
        ({"exp": float("-inf")}, Refusal.EXPIRED),
        ({"exp": NOW + LONGEST_LIFE}, None),
        ({"exp": NOW + LONGEST_LIFE + 1}, Refusal.LIFETIME),
        ({"exp": 10**400}, Refusal.LIFETIME),
        ({"exp": float("inf")}, Refusal.LIFETIME),
        ({"exp": True}, Refusal.LIFETIME),
        ({"exp": "1"}, Refusal.LIFETIME),
        ({"exp": None}, Refusal.LIFETIME),
        ({"nbf": NOW + 10}, None),
        ({"nbf": NOW + 11}, Refusal.NOT_YET),
        ({"nbf": 10**400}, Refusal.NOT_YET),
        ({"nbf": None}, Refusal.NOT_YET),
    ],
)
def test_claims_are_asked_strictly(claims: dict[str, Any], refused: Refusal | None) -> None:
    """Issuer, audience, subject, and times with their leeway and bounds."""
    assert refusal(**claims) is refused


@pytest.mark.parametrize("begins", [None, -(10**400), 0, NOW - 60, NOW + 5])
@pytest.mark.parametrize("ends", [NOW - 5, NOW + 60, int(NOW) + 300, NOW + LONGEST_LIFE])
def test_within_its_time_a_token_that_was_taken_is_taken_again(begins: float | None, ends: float) -> None:
    """And at no other time: what is remembered of a token says what asking its claims anew would say."""
    claims: dict[str, Any] = {"exp": ends} if begins is None else {"exp": ends, "nbf": begins}
    assert refusal(**claims) is None
    first, last = good_within(POLICY, token(**claims))

    for now in (first, last - 1, last, last + 60, first - 1, NOW, 0.0):
        assert (refusal_of(POLICY, token(**claims), now) is None) == (first <= now < last)


@pytest.mark.parametrize(
    ("wanted", "typ", "refused"),
    [
        ("", "", None),
        ("", "jwt", None),
        ("", "at+jwt", None),
        ("", "logout+jwt", Refusal.TYPE),
        ("at+jwt", "at+jwt", None),
        ("at+jwt", "jwt", Refusal.TYPE),
        ("at+jwt", "", Refusal.TYPE),
        ("x", "x", None),
    ],
)
def test_a_token_is_of_the_type_that_is_asked_for(wanted: str, typ: str, refused: Refusal | None) -> None:
    """Or, where none is, of one that access tokens have."""
    assert refusal(replace(POLICY, typ=wanted), typ) is refused


def test_an_algorithm_has_to_be_allowed() -> None:
    """By the policy."""
    assert refusal(algorithm="RS512") is Refusal.ALGORITHM
    assert refusal(algorithm="none") is Refusal.ALGORITHM


def test_another_claim_may_say_who_calls() -> None:
    """As some providers do for programs."""
    policy = replace(POLICY, subject="client_id")
    assert refusal(policy) is Refusal.SUBJECT
    assert refusal(policy, client_id="app") is None


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({}, ()),
        ({"scope": "a  b"}, ("a", "b")),
        ({"scp": "a b"}, ("a", "b")),
        ({"scp": ["a", 1, ""]}, ("a",)),
        ({"scope": "a", "scp": ["b"]}, ("a",)),
        ({"scope": 7}, ()),
    ],
)
def test_scopes_are_words(claims: dict[str, object], scopes: tuple[str, ...]) -> None:
    """Of `scope`, or of `scp` where there is none."""
    assert scopes_of(claims) == frozenset(scopes)


def test_what_a_verified_token_lacks() -> None:
    """Scopes first."""
    both = (ClaimIs("tenant", frozenset({"acme"})), ClaimIs("email"))
    assert lacks({}, frozenset(), ()) is None
    assert lacks({"scope": "a"}, frozenset({"a", "b"}), both) is Refusal.SCOPE
    assert lacks({"scope": "a b", "tenant": "acme"}, frozenset({"a", "b"}), both) is Refusal.CLAIM
    assert lacks({"scope": "a b", "tenant": "acme", "email": ""}, frozenset({"a", "b"}), both) is None


@pytest.mark.parametrize(
    ("claim", "texts"),
    [
        ("a", ("a",)),
        (True, ("true",)),
        (False, ("false",)),
        (7, ("7",)),
        (7.5, ()),
        (None, ()),
        ({"a": 1}, ()),
        (["a", 7, [8], True], ("a", "7", "true")),
    ],
)
def test_a_claim_has_values_as_routes_yaml_writes_them(claim: object, texts: tuple[str, ...]) -> None:
    """One, several, or none that could be written."""
    assert texts_of(claim) == texts
    assert fits({"x": claim}, ClaimIs("x"))
    assert fits({"x": claim}, ClaimIs("x", frozenset({"a"}))) == ("a" in texts)
    assert not fits({}, ClaimIs("x"))


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ({}, None),
        ({"iss": "https://elsewhere"}, Refusal.ISSUER),
        ({"aud": ["else"]}, Refusal.AUDIENCE),
        ({"aud": ["else", "orders"]}, None),
        ({"sub": ""}, Refusal.SUBJECT),
        ({"sub": 7}, Refusal.SUBJECT),
    ],
)
def test_a_token_that_is_active_may_be_for_somebody_else(says: dict[str, object], why: Refusal | None) -> None:
    """Issuer and audience are asked for where the policy names them, and there has to be a subject."""
    introspection = Introspection(url="https://a/b", client="c", secret=SecretPlace(file="s"))
    strict = OpaquePolicy(name="p", introspection=introspection, issuer="https://a", audience=frozenset({"orders"}))
    claims = {"iss": "https://a", "aud": "orders", "sub": "ada", **says}

    assert refusal_of_introspected(strict, claims) is why
    assert refusal_of_introspected(OpaquePolicy(name="p", introspection=introspection), {"sub": "ada"}) is None
