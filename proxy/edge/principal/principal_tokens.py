"""The tokens by which a worker tells upstreams who calls, signed where they are needed.

Rule 1: a token is signed once for a caller and an upstream, and sent again for half of its minute.
Rule 2: what is remembered is bounded; beyond, tokens are signed more often.
"""

from __future__ import annotations

from os import urandom
from time import time
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from proxy.core.auth.signed_principal import REUSED, cache_key, claims_of, encoded, header_of
from proxy.core.http.memo import Memo

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.core.auth.principal import Principal
    from proxy.core.auth.signed_principal import PrincipalKey, SignedPrincipal
    from proxy.core.secret import Secret

KEPT: Final = 4096
"""Tokens of one generation (`core/http/memo.py`); a token takes about a kilobyte."""
_LONGEST: Final = 8192
_HALF: Final = 32


class PrincipalTokens:
    """Of one table."""

    __slots__ = ("_kept", "_now", "_said", "_sign", "_start", "signed")

    def __init__(self, said: SignedPrincipal, now: Callable[[], float] = time) -> None:
        """`now` is unix time; `signed` counts signatures."""
        self.signed = 0
        self._said = said
        self._now = now
        self._sign = signing_by(said.signer)
        self._start = header_of(said.signer)
        self._kept: Memo[tuple[float, bytes]] = Memo(KEPT, _LONGEST)

    def line(self, principal: Principal, upstream: str) -> bytes:
        """The field for this upstream, with CRLF."""
        key, now = cache_key(principal, upstream), self._now()
        known = self._kept.get(key)
        if known is not None and 0 <= now - known[0] < REUSED:
            return known[1]
        made = self._make(principal, upstream, now)
        self._kept.put(key, (now, made))
        return made

    def _make(self, principal: Principal, upstream: str, now: float) -> bytes:
        said = self._said
        claims = claims_of(said, principal, said.audience(upstream), now, urandom(16).hex())
        signed = b"%b.%b" % (self._start, claims)
        self.signed += 1
        return b"%b: %b.%b\r\n" % (said.name.encode("ascii"), signed, encoded(self._sign(signed)))


def signing_by(signer: PrincipalKey) -> Callable[[bytes], bytes]:
    """Signatures of this key as JOSE writes them; the configuration has tried the key before."""
    key = _private(signer.pem)
    match key:
        case EllipticCurvePrivateKey():
            return lambda data: _fixed(key.sign(data, ECDSA(SHA256())))
        case Ed25519PrivateKey():
            return key.sign
        case RSAPrivateKey():
            return lambda data: key.sign(data, PKCS1v15(), SHA256())
        case _:
            raise TypeError(f"no key for {signer.algorithm.value}")


def _private(pem: Secret[bytes]) -> object:
    return load_pem_private_key(pem.reveal(), password=None)


def _fixed(signature: bytes) -> bytes:
    """R and S of 32 bytes each, instead of ASN.1 (RFC 7518 section 3.4)."""
    first, second = decode_dss_signature(signature)
    return first.to_bytes(_HALF) + second.to_bytes(_HALF)
