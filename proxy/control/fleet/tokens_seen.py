"""What control knows of Banyan's own tokens: what the clerk tells, for probes and for metrics."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.core.upstream_auth.credential import UpstreamCredentials
from proxy.link.token_messages import ClerkTokens, UpstreamToken, issued_tokens


class TokensSeen:
    """`credentials` are what probes are sent with; `by_source` what was told last, by the key of the source."""

    def __init__(self) -> None:
        """Nothing was told."""
        self.credentials = UpstreamCredentials()
        self.by_source: Mapping[str, UpstreamToken] = {}

    def take(self, told: ClerkTokens) -> None:
        """The clerk's whole list."""
        self.by_source = {each.source: each for each in told.tokens}
        self.credentials.adopt(issued_tokens(told.tokens))
