"""Algorithms by which tokens may be signed, and which keys each of them takes (RFC 7518 section 3, RFC 8037).

Rule 1: none of them is symmetric, and `none` is none of them: no policy can allow what RFC 8725 section 3.1 warns of.
Rule 2: an algorithm is bound to a key by the key's kind, and by its `alg` where it says one, never by the token alone.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

LEAST_RSA = 2048
"""Bits of a modulus (RFC 7518 section 3.3)."""


class Algorithm(StrEnum):
    """As a token's header writes it."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    ED25519 = "Ed25519"
    EDDSA = "EdDSA"


class KeyKind(NamedTuple):
    """`kty` and `crv` of a key; RSA keys have no curve."""

    kind: str
    curve: str = ""


_RSA, _ED = KeyKind("RSA"), KeyKind("OKP", "Ed25519")
KEY_KINDS: Mapping[Algorithm, KeyKind] = {
    Algorithm.RS256: _RSA,
    Algorithm.RS384: _RSA,
    Algorithm.RS512: _RSA,
    Algorithm.PS256: _RSA,
    Algorithm.PS384: _RSA,
    Algorithm.PS512: _RSA,
    Algorithm.ES256: KeyKind("EC", "P-256"),
    Algorithm.ES384: KeyKind("EC", "P-384"),
    Algorithm.ES512: KeyKind("EC", "P-521"),
    Algorithm.ED25519: _ED,
    Algorithm.EDDSA: _ED,
}


def algorithms_of(key: Mapping[str, object]) -> frozenset[Algorithm]:
    """What a public key (RFC 7517) can verify: none, where it is too small."""
    kind = KeyKind(str(key.get("kty", "")), str(key.get("crv", "")))
    said = key.get("alg")
    if kind.kind == _RSA.kind and _bits(key.get("n")) < LEAST_RSA:
        return frozenset()
    return frozenset(each for each, wanted in KEY_KINDS.items() if wanted == kind and said in (None, *_names(each)))


def _names(algorithm: Algorithm) -> tuple[str, ...]:
    """RFC 9864 gives what was EdDSA until then the name of its curve; keys and tokens may each say either."""
    both = (Algorithm.ED25519.value, Algorithm.EDDSA.value)
    return both if algorithm.value in both else (algorithm.value,)


def _bits(modulus: object) -> int:
    """The size of a number in base64url."""
    try:
        found = urlsafe_b64decode(f"{modulus}==") if isinstance(modulus, str) else b""
    except (Error, ValueError):
        return 0
    return int.from_bytes(found, "big").bit_length()
