"""An issuer of tokens with keys of its own: good ones, and whatever a forger would send."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from time import time
from typing import Any, Final

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from tests.edge.proxy import Block

ISSUER: Final = "https://id.example.com"
AUDIENCE: Final = "orders"
DROPPED: Final = object()
"""In place of a member: it is left out."""


def part(data: bytes | str | Mapping[str, Any]) -> bytes:
    """One part of a token: JSON, or bytes as they are, in base64url."""
    raw = data if isinstance(data, bytes) else data.encode() if isinstance(data, str) else json.dumps(data).encode()
    return urlsafe_b64encode(raw).rstrip(b"=")


def signed(key: Key, algorithm: str, header: bytes, claims: bytes) -> bytes:
    """A token of these two parts, signed as `algorithm` does, whatever the header says."""
    under = header + b"." + claims
    return under + b"." + part(JWSRegistry.algorithms[algorithm].sign(under, key))


class Issuer:
    """Its keys by `kid`; the first one signs where nothing else is said."""

    def __init__(self, *keys: tuple[str, str, Key]) -> None:
        """Each a `kid`, an algorithm and a key; none: one RSA key."""
        self.keys = {kid: (algorithm, key) for kid, algorithm, key in keys or (rsa("one"),)}

    @property
    def jwks(self) -> dict[str, Any]:
        """Public keys alone."""
        return {"keys": [{**key.as_dict(private=False), "kid": kid} for kid, (_, key) in self.keys.items()]}

    def written(self, place: Path, name: str = "jwks.json") -> str:
        """The path of a file with the key set."""
        file = place / name
        file.write_text(json.dumps(self.jwks))
        return str(file)

    def policy(self, place: Path, **more: object) -> Block:
        """A policy of routes.yaml for its tokens."""
        algorithms = sorted({algorithm for algorithm, _ in self.keys.values()})
        own: Block = {
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "algorithms": algorithms,
            "keys": {"file": self.written(place)},
        }
        return {**own, **more}

    def token(self, kid: str = "", header: Mapping[str, Any] | None = None, **claims: Any) -> bytes:  # noqa: ANN401 -- JSON
        """A good token, but for what is said otherwise."""
        kid = kid or next(iter(self.keys))
        algorithm, key = self.keys[kid]
        head = _without({"alg": algorithm, "kid": kid, "typ": "at+jwt", **(header or {})})
        return signed(key, algorithm, part(head), part(_without({**self.claims(), **claims})))

    def claims(self) -> dict[str, Any]:
        """Of a good token."""
        now = int(time())
        return {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 300, "scope": "read write"}


def rsa(kid: str, algorithm: str = "RS256") -> tuple[str, str, Key]:
    """An RSA key, made once for all tests that name it: making one takes long."""
    if kid not in _RSA:
        _RSA[kid] = RSAKey.generate_key(2048)
    return kid, algorithm, _RSA[kid]


def ec(kid: str) -> tuple[str, str, Key]:
    return kid, "ES256", ECKey.generate_key("P-256")


def ed(kid: str, algorithm: str = "Ed25519") -> tuple[str, str, Key]:
    return kid, algorithm, OKPKey.generate_key("Ed25519")


def bearer(token: bytes) -> bytes:
    """The field line."""
    return b"Authorization: Bearer " + token


_RSA: dict[str, RSAKey] = {}


def _without(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not DROPPED}
