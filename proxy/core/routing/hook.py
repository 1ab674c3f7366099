"""Who is told of moves: compiled from `hooks:` in routes.yaml."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.core.secret import NO_TEXT, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One listener. `secret` signs what is sent; empty: it is not signed. `timeout` in seconds, of one attempt.

    A `url` may hold a token.
    """

    url: Secret[str]
    secret: Secret[str] = NO_TEXT
    timeout: float = 5.0

    @property
    def shown(self) -> str:
        """Scheme and host: a path or query may hold a token."""
        scheme, _, rest = self.url.reveal().partition("://")
        return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"
