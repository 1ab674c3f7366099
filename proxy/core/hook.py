"""Who is told of moves: compiled from `hooks:` in routes.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One listener. `secret` signs what is sent; empty: it is not signed. `timeout` in seconds, of one attempt."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    timeout: float = 5.0

    @property
    def shown(self) -> str:
        """Scheme and host: a path or query may hold a token."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"
