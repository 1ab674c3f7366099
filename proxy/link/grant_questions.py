"""What a worker asks the clerk about a request to a provider's token endpoint, and what it gets to answer."""

from __future__ import annotations

import msgspec


class GrantQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="grant"):
    """One request. `provider` is the name in `grants:`; `fields` have names in lower case.

    `address` is the client's behind trusted proxies, `certificate` the name in the certificate that it showed.
    """

    provider: str
    revokes: bool
    target: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    address: str
    certificate: str = ""


class GrantReply(msgspec.Struct, frozen=True, kw_only=True, tag="granted"):
    """The whole answer."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
