"""What the clerk tells of tokens, and what workers tell of one that was refused.

Rule: a message holds secrets in the clear, since it goes over a private socket; what it prints as shows none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from proxy.core.secret import HIDDEN, Secret
from proxy.core.upstream_auth.token_source import IssuedToken


class UpstreamToken(msgspec.Struct, frozen=True, array_like=True):
    """What the source with this key has given (`core/upstream_auth/token_source.py`); an empty token: nothing yet.

    `fetched`, `failed` and `refused` count since the clerk's start: tokens, failures of the source, tokens that an
    upstream did not take.
    """

    source: str
    token: str
    access_key: str
    session: str
    issued: float
    ends: float
    fetched: int = 0
    failed: int = 0
    refused: int = 0

    def __repr__(self) -> str:
        """Without any secret."""
        return f"UpstreamToken({self.source!r}, {HIDDEN}, ends={self.ends!r})"


class UpstreamTokens(msgspec.Struct, frozen=True, array_like=True, tag="upstream_tokens"):
    """Clerk to workers, as its first word and with each change: the whole list."""

    tokens: list[UpstreamToken]


class ClerkTokens(msgspec.Struct, frozen=True, tag="tokens"):
    """Clerk to control, with each change and with its state: what upstreams with `auth` are asked with."""

    tokens: list[UpstreamToken]


class TokenRefused(msgspec.Struct, frozen=True, array_like=True, tag="token_refused"):
    """A notice: an upstream has said 401 to the token with this mark (`IssuedToken.mark`)."""

    source: str
    mark: str


def token_message(source: str, token: IssuedToken | None, counts: tuple[int, int, int]) -> UpstreamToken:
    """As it is told; `counts` are fetched, failed and refused."""
    if token is None:
        return UpstreamToken(source, "", "", "", 0.0, 0.0, *counts)
    secret, session = token.token.reveal(), token.session.reveal()
    return UpstreamToken(source, secret, token.access_key, session, token.issued, token.ends, *counts)


def issued_tokens(told: Iterable[UpstreamToken]) -> Mapping[str, IssuedToken | None]:
    """As it is heard, by source."""
    return {each.source: _issued(each) if each.token else None for each in told}


def _issued(told: UpstreamToken) -> IssuedToken:
    return IssuedToken(
        token=Secret(told.token),
        issued=told.issued,
        ends=told.ends,
        access_key=told.access_key,
        session=Secret(told.session),
    )
