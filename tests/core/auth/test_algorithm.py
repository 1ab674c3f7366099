from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest

from proxy.core.auth.algorithm import Algorithm, algorithms_of


def number(bits: int) -> str:
    return urlsafe_b64encode((1 << bits - 1 | 1).to_bytes((bits + 7) // 8, "big")).rstrip(b"=").decode()


RSA = {"kty": "RSA", "n": number(2048), "e": "AQAB"}
OF_RSA = {each for each in Algorithm if each[:2] in {"RS", "PS"}}


@pytest.mark.parametrize(
    ("key", "algorithms"),
    [
        (RSA, OF_RSA),
        ({**RSA, "alg": "PS256"}, {Algorithm.PS256}),
        ({**RSA, "alg": "ES256"}, set()),
        ({**RSA, "n": number(2047)}, set()),
        ({**RSA, "n": "A"}, set()),
        ({**RSA, "n": "ä"}, set()),
        ({**RSA, "n": 7}, set()),
        ({"kty": "EC", "crv": "P-256"}, {Algorithm.ES256}),
        ({"kty": "EC", "crv": "P-384"}, {Algorithm.ES384}),
        ({"kty": "EC", "crv": "P-521"}, {Algorithm.ES512}),
        ({"kty": "EC", "crv": "secp256k1"}, set()),
        ({"kty": "EC", "crv": "P-256", "alg": "HS256"}, set()),
        ({"kty": "OKP", "crv": "Ed25519"}, {Algorithm.ED25519, Algorithm.EDDSA}),
        ({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA"}, {Algorithm.ED25519, Algorithm.EDDSA}),
        ({"kty": "OKP", "crv": "X25519"}, set()),
        ({"kty": "oct"}, set()),
        ({}, set()),
    ],
)
def test_a_key_verifies_what_it_is_for(key: dict[str, object], algorithms: set[Algorithm]) -> None:
    """By its kind, its curve, its size, and the algorithm that it names."""
    assert algorithms_of(key) == algorithms


def test_none_is_symmetric_and_none_is_nothing() -> None:
    """No policy can allow them."""
    assert not {each for each in Algorithm if each.startswith("HS") or each.lower() == "none"}
