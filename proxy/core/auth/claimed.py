"""What a token says of itself, for the log of a request that was refused: mostly nothing of it is verified."""

from __future__ import annotations

import json
from collections.abc import Iterator

from proxy.core.auth.signed_token import SignedToken

LONGEST = 100
"""Characters of each word: who forges tokens writes what he likes."""


UNVERIFIED, VERIFIED = "unverified", "refused, verified"
"""Before what it says: nobody knows whether it is so; or it is, and the caller may not do this. No policy's name."""


def claimed(token: SignedToken, *, is_verified: bool = False) -> str:
    """Its issuer, key, audience and subject, each as JSON; nothing else of it."""
    return f"{VERIFIED if is_verified else UNVERIFIED}: {', '.join(_words(token))}"


def _words(token: SignedToken) -> Iterator[str]:
    said = {"kid": token.kid, **{name: token.claims.get(name) for name in ("iss", "aud", "sub")}}
    for name in ("iss", "kid", "aud", "sub"):
        if said[name] is None:
            yield f"no {name}"
        else:
            text = json.dumps(said[name])
            yield f"{name} {text if len(text) <= LONGEST else text[:LONGEST] + '…'}"
