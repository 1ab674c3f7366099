"""Keys in PEM, read beside a library that is not ours."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc.jwk import JWKRegistry

from proxy.config.readers.signing_keys import PublicKey, read_either, read_private

EC, ED = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ed448.Ed448PrivateKey


def private(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(("key", "algorithm"), [(EC, "ES256"), (ED, "EdDSA"), (RSA, "RS256")])
def test_a_key_says_what_it_signs_with(key: PrivateKey, algorithm: str) -> None:
    """Its public half is the JWK that others make of it, under its thumbprint; either half gives the same."""
    found = read_private(private(key))
    assert isinstance(found, PublicKey)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = json.loads(found.jwk)

    assert (found.algorithm, jwk["alg"], jwk["kid"], jwk["use"]) == (algorithm, algorithm, found.kid, "sig")
    assert JWKRegistry.import_key(jwk).thumbprint() == found.kid
    assert read_either(public) == read_either(private(key)) == found


@pytest.mark.parametrize(
    "pem",
    [
        private(ec.generate_private_key(ec.SECP384R1())),
        private(rsa.generate_private_key(65537, 1024)),
        private(ed448.Ed448PrivateKey.generate()),
    ],
    ids=["another curve", "too short", "another kind"],
)
def test_other_keys_are_refused(pem: bytes) -> None:
    """With what would do."""
    found = read_private(pem)

    assert found == "must hold an EC key on P-256, an Ed25519 key, or an RSA key of at least 2048 bits"
    assert read_either(pem) == found


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"secret text",
        EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")),
        EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["empty", "text", "a password", "the public half"],
)
def test_what_is_no_private_key_is_refused(pem: bytes) -> None:
    """Nothing of it is repeated."""
    found = read_private(pem)

    assert isinstance(found, str)
    assert found.startswith("does not hold a private key in PEM, without a password; make one: openssl")
    assert "secret" not in found
