from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc.jwk import import_key

from proxy.config.readers.signing_keys import PublicKey, read_either, read_private
from proxy.core.auth.algorithm import Algorithm

RSA = rsa.generate_private_key(65537, 2048)
WEAK = rsa.generate_private_key(65537, 1024)
GOOD = [
    (ec.generate_private_key(ec.SECP256R1()), Algorithm.ES256),
    (ed25519.Ed25519PrivateKey.generate(), Algorithm.EDDSA),
    (RSA, Algorithm.RS256),
]


def pem(key: Any, password: bytes = b"") -> bytes:  # noqa: ANN401 -- any private key
    how = BestAvailableEncryption(password) if password else NoEncryption()
    written: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
    return written


def public(key: Any) -> bytes:  # noqa: ANN401 -- any private key
    written: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return written


@pytest.mark.parametrize(("key", "algorithm"), GOOD)
def test_a_key_is_named_by_its_thumbprint(key: Any, algorithm: Algorithm) -> None:  # noqa: ANN401 -- any private key
    """As RFC 7638 says, and so whoever computes it anew; nothing private is in what is published."""
    found = read_private(pem(key))
    assert isinstance(found, PublicKey)
    jwk = json.loads(found.jwk)

    assert found.algorithm is algorithm
    assert found.kid == jwk["kid"] == import_key(jwk).thumbprint()
    assert not jwk.keys() & {"d", "p", "q", "dp", "dq", "qi"}


@pytest.mark.parametrize(("key", "algorithm"), GOOD)
def test_the_next_key_may_be_known_by_its_public_half(key: Any, algorithm: Algorithm) -> None:  # noqa: ANN401
    """It is the same, whichever half a file holds."""
    assert read_either(public(key)) == read_either(pem(key)) == read_private(pem(key))
    assert algorithm.value in str(read_either(public(key)))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "does not hold a private key in PEM"),
        (b"hush", "does not hold a private key in PEM"),
        (public(RSA), "does not hold a private key in PEM"),
        (pem(RSA, b"word"), "without a password"),
        (pem(WEAK), "must hold an EC key on P-256"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "must hold an EC key on P-256"),
    ],
)
def test_what_cannot_sign_is_said(data: bytes, why: str) -> None:
    """And nothing of it is repeated."""
    found = read_private(data)

    assert isinstance(found, str)
    assert why in found
    assert "hush" not in found
