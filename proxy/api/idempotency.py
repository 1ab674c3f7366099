"""Idempotency keys whose outcome is unknown, until people decide."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.view import ActorText, ReasonText, View


class UndecidedKeyView(View, frozen=True, kw_only=True):
    """One key: its request was sent, and nobody knows what became of it."""

    id: str
    """What `release` takes: it stands for route, cohort, credentials and key."""
    route: str
    """The route's name."""
    key: str
    """The key, as the client sent it."""
    since: str
    """When the request began (RFC 3339)."""
    repeatable: bool = False
    """Its route declares that repeating does no harm: a retry decides it."""


class UndecidedKeysView(View, frozen=True, kw_only=True):
    """The oldest of them."""

    keys: Sequence[UndecidedKeyView]
    """Oldest first, at most 1000."""


class ReleaseBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `release`; it may be empty."""

    reason: ReasonText = ""
    """Why; it goes to the log."""
    by: ActorText = ""
    """Who; else the address that asks."""


class ReleasedView(View, frozen=True, kw_only=True):
    """The key is free: the next request that carries it is executed."""

    id: str
    """As it was listed."""
