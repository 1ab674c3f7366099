from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from proxy.core.auth.algorithm import Algorithm
from proxy.core.auth.principal import Principal
from proxy.core.auth.signed_principal import (
    LARGEST,
    LASTS,
    PrincipalKey,
    SignedPrincipal,
    cache_key,
    claims_of,
    header_of,
    key_set_of,
)
from proxy.core.secret import Secret

SIGNER = PrincipalKey(kid="k1", algorithm=Algorithm.ES256, pem=Secret(b"of no use"))
SAID = SignedPrincipal(
    name="X-Principal", issuer="https://banyan", signer=SIGNER, published=(b"{}",), audiences={"new": "https://new"}
)


def ada(**claims: object) -> Principal:
    return Principal("members", "ada", "https://id", claims, 2e9)


def read(part: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + b"=="))
    return found


def test_the_header_says_what_kind_of_token_it_is() -> None:
    """RFC 9068 section 2.1: an access token, by which key and algorithm; the key itself is not there."""
    assert read(header_of(SIGNER)) == {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}


def test_the_claims_are_those_of_an_access_token() -> None:
    """RFC 9068 section 2.2: whom it is about and for, since when and until when, and which one it is."""
    assert read(claims_of(SAID, ada(client_id="app", scope="read write", email="a@b"), "https://new", 100.9, "7")) == {
        "iss": "https://banyan",
        "sub": "ada",
        "aud": "https://new",
        "client_id": "app",
        "iat": 100,
        "exp": 100 + LASTS,
        "jti": "7",
        "scope": "read write",
    }


def test_an_upstream_has_an_audience_of_its_own() -> None:
    """The one that the file says, or its name."""
    assert (SAID.audience("new"), SAID.audience("legacy")) == ("https://new", "legacy")


@pytest.mark.parametrize(
    ("claims", "client"),
    [({"azp": "web"}, "web"), ({"client_id": "", "azp": 7}, "ada"), ({}, "ada"), ({"client_id": "app"}, "app")],
)
def test_the_client_is_the_one_that_the_caller_s_token_names(claims: dict[str, object], client: str) -> None:
    """By RFC 9068, then by OpenID Connect; who calls for himself is his own client."""
    assert read(claims_of(SAID, ada(**claims), "a", 0.0, "7"))["client_id"] == client


@pytest.mark.parametrize("scope", [None, ["read"], "", "x" * (LARGEST + 1)])
def test_scopes_that_are_no_text_are_left_out(scope: object) -> None:
    """And those that are too long for a field."""
    assert "scope" not in read(claims_of(SAID, ada(scope=scope), "a", 0.0, "7"))


def test_a_token_is_kept_for_who_may_have_the_same() -> None:
    """Subject, issuer, policy, client, scopes and upstream tell tokens apart, wherever one ends and the next begins."""
    callers = [
        ada(),
        ada(scope="read"),
        ada(client_id="app"),
        Principal("m", "embersada", "https://id", {}, 0),
        Principal("members", "ada", "https://i", {}, 0),
    ]
    keys = {cache_key(each, upstream) for each in callers for upstream in ("legacy", "new")}

    assert len(keys) == 2 * len(callers)
    assert cache_key(ada(email="a"), "new") == cache_key(ada(email="b"), "new")


def test_a_key_set_has_all_public_keys() -> None:
    """RFC 7517 section 5; none is a set as well."""
    assert key_set_of([b'{"kid":"1"}', b'{"kid":"2"}']) == b'{"keys":[{"kid":"1"},{"kid":"2"}]}'
    assert key_set_of([]) == b'{"keys":[]}'
