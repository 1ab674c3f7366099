"""What either side keeps of a secret: a hash. And the tokens that it signs, which nobody keeps."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey

from examples.payid.systems.settings import AUDIENCE, ISSUER, LIVES

_COST = 2**11


def made_secret() -> str:
    """A session, a code, or what stands in the link of a mail."""
    return secrets.token_urlsafe(24)


def digest(secret: str) -> str:
    """Of what nobody guesses."""
    return hashlib.sha256(secret.encode()).hexdigest()


def password_hash(password: str, salt: str = "") -> str:
    """Of what people choose; both sides make the same, so that it can be copied."""
    salt = salt or secrets.token_hex(8)
    made = hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), n=_COST, r=8, p=1)
    return f"{salt}:{made.hex()}"


def password_fits(password: str, kept: str) -> bool:
    """Whether it is the one."""
    return hmac.compare_digest(password_hash(password, kept.partition(":")[0]), kept)


class TokenIssuer:
    """Signs access tokens by a key of its own; the issuer's name is the same on both sides."""

    def __init__(self, file: str) -> None:
        """`file` holds the private key."""
        self._key = ECKey.import_key(json.loads(Path(file).read_text(encoding="ascii")))

    def token(self, account: str, client: str) -> str:
        """For this account, by this kind of client."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": account, "client_id": client, "iat": now, "exp": now + LIVES}
        header = {"alg": "ES256", "kid": self._key.kid, "typ": "at+jwt"}
        return jwt.encode(header, {**claims, "jti": secrets.token_hex(8)}, self._key)
