"""The brown-out of a route: what it does, whom it has met, what they did after, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.view import View


class BrownoutEndView(View, frozen=True, kw_only=True):
    """How it ended."""

    at: str
    """When (RFC 3339)."""
    by: str = ""
    """By whom."""
    reason: str = ""
    """Why."""


class FoundClientView(View, frozen=True, kw_only=True):
    """A client that it has met."""

    client: str
    """As its token names it; `unverified` is everybody whom no policy has verified."""
    at: str = ""
    """When it was met first (RFC 3339); empty: none of its calls was drawn yet."""
    asked: int = 0
    """Its calls since control began."""
    browned: int = 0
    """Those of them that went without."""


class FollowedView(View, frozen=True, kw_only=True):
    """Next calls of clients."""

    calls: int = 0
    """All of them."""
    errors: int = 0
    """Those that failed: 400 or more."""
    repeats: int = 0
    """Those that asked for the same again at once."""


class BrownoutView(View, frozen=True, kw_only=True):
    """As it stands in routes.yaml, and as it goes."""

    id: str
    """By which the record knows it."""
    sentence: str = ""
    """What it does."""
    field: str = ""
    """The field that is absent; empty: the endpoint itself is answered by Banyan."""
    status: int = 0
    """With which it is answered; 0: a field is absent."""
    share: float = 0.0
    """The share of each client's calls, in [0, 1]."""
    clients: Sequence[str] = ()
    """Whose calls; empty: everybody's."""
    until: str = ""
    """When it ends by itself (RFC 3339)."""
    begun: str = ""
    """When it began (RFC 3339); empty: nobody has read it yet."""
    ended: BrownoutEndView | None = None
    """Null: it runs."""
    browned: int = 0
    """Calls that went without, since control began."""
    absent: int = 0
    """Calls that were drawn, and whose answer did not have the field."""
    unfit: int = 0
    """Calls that were drawn, and whose answer could not be taken apart."""
    found: Sequence[FoundClientView] = ()
    """Clients that have called, those that it met first on top."""
    behind_lean: FollowedView = FollowedView()
    """What clients did next behind calls that went without."""
    behind_whole: FollowedView = FollowedView()
    """What they did next behind whole answers."""


class DeprecationView(View, frozen=True, kw_only=True):
    """What the answers of a route say of its end."""

    since: str
    """`Deprecation` (RFC 3339)."""
    sunset: str = ""
    """`Sunset` (RFC 3339); empty: it is not said."""
    link: str = ""
    """Where people read more."""
