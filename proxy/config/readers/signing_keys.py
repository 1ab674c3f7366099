"""Reads keys in PEM, for what Banyan signs itself: which algorithm a key is for, and its public half as a JWK.

Rule 1: nothing of a key is ever repeated, whatever is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from proxy.core.auth.algorithm import Algorithm
from proxy.core.auth.signed_principal import encoded

_LEAST_RSA = 2048
_COORDINATE = 32
_KINDS = "an EC key on P-256, an Ed25519 key, or an RSA key of at least 2048 bits"
_MAKE = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"


class PublicKey(NamedTuple):
    """The public half: `jwk` is JSON with `kid`, the key's thumbprint (RFC 7638)."""

    kid: str
    algorithm: Algorithm
    jwk: bytes


def read_private(pem: bytes) -> PublicKey | str:
    """The public half of a private key, or the end of a sentence that says why it is none to sign with."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return f"does not hold a private key in PEM, without a password; make one: {_MAKE}"
    return _public(key.public_key())


def read_either(pem: bytes) -> PublicKey | str:
    """The same of a private or of a public key."""
    try:
        return _public(load_pem_public_key(pem))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return read_private(pem)


def _public(key: object) -> PublicKey | str:
    match key:
        case EllipticCurvePublicKey(curve=SECP256R1()):
            point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
            x, y = _text(point[:_COORDINATE]), _text(point[_COORDINATE:])
            return _made(Algorithm.ES256, {"crv": "P-256", "kty": "EC", "x": x, "y": y})
        case Ed25519PublicKey():
            return _made(Algorithm.EDDSA, {"crv": "Ed25519", "kty": "OKP", "x": _text(key.public_bytes_raw())})
        case RSAPublicKey(key_size=size) if size >= _LEAST_RSA:
            numbers = key.public_numbers()
            return _made(Algorithm.RS256, {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)})
        case _:
            return f"must hold {_KINDS}"


def _made(algorithm: Algorithm, members: Mapping[str, str]) -> PublicKey:
    """`members` are those that a thumbprint is made of."""
    kid = encoded(sha256(_json(members)).digest()).decode("ascii")
    return PublicKey(kid, algorithm, _json({**members, "alg": algorithm.value, "kid": kid, "use": "sig"}))


def _json(members: Mapping[str, str]) -> bytes:
    return json.dumps(members, separators=(",", ":"), sort_keys=True).encode("ascii")


def _number(value: int) -> str:
    return _text(value.to_bytes((value.bit_length() + 7) // 8))


def _text(data: bytes) -> str:
    return encoded(data).decode("ascii")
