"""What a worker asks the clerk about a token that says nothing by itself, and what it gets to know."""

from __future__ import annotations

import msgspec


class IntrospectToken(msgspec.Struct, frozen=True, array_like=True, tag="introspect"):
    """A token, for a policy by its name."""

    policy: str
    token: bytes

    def __repr__(self) -> str:
        """No token is ever printed."""
        return f"IntrospectToken({self.policy})"


class TokenIntrospected(msgspec.Struct, frozen=True, array_like=True, tag="introspected"):
    """`claims`: the members of the answer as JSON, of an active token; `until`: unix seconds for which that holds."""

    active: bool
    claims: bytes
    until: float
