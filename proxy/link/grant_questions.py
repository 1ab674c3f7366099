"""What a worker asks the clerk about a request to a provider's token endpoint, and what it gets to answer."""

from __future__ import annotations

import msgspec


class UseGrant(msgspec.Struct, frozen=True, array_like=True, tag="use_grant"):
    """One request. `provider` is a name in `grants`; `fields` have names in lower case; `address` is the client's.

    `revokes`: it came to the revocation endpoint.
    """

    provider: str
    revokes: bool
    target: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    address: str


class GrantUsed(msgspec.Struct, frozen=True, array_like=True, tag="grant_used"):
    """The whole answer."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
