"""Writes that both sides are to get, while they are in the journal."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.view import ActorText, ReasonText, View


class JournalView(View, frozen=True, kw_only=True):
    """How the journal of writes stands for one route."""

    pending: int = 0
    """On their way to the side that answers."""
    owed: int = 0
    """Done there; the other side is to get them."""
    unknown: int = 0
    """Perhaps done there: people decide."""
    dead: int = 0
    """Dead letters: the other side does not take them, and people decide."""
    lag: float = 0.0
    """Age in seconds of the oldest that is not on its way; what is younger than a second is 0."""


class JournalEntryView(View, frozen=True, kw_only=True):
    """One write."""

    id: str
    """What `retry` and `drop` take, and its Idempotency-Key unless the client sent one."""
    route: str
    """The route's name."""
    key: str
    """What it is about."""
    state: str
    """`pending`, `owed`, `unknown` or `dead`."""
    method: str
    """As the client sent it."""
    target: str
    """Likewise."""
    side: str
    """The side that answered, or was to."""
    cohort: str = ""
    """Whose it is."""
    since: str = ""
    """When it began, or was last retried (RFC 3339)."""
    attempts: int = 0
    """How often the other side was asked; of a pending or unknown one, how often the first was asked again."""
    said: str = ""
    """What the other side said at last."""
    age: float = 0.0
    """Seconds since then."""
    request_id: str = ""
    """Of the client's request: what `/api/requests/{id}` takes."""
    client_key: str = ""
    """The client's own Idempotency-Key, as both sides get it; empty: they get the id."""
    sent_as: str = ""
    """The method with which the other side gets it."""


class JournalPageView(View, frozen=True, kw_only=True):
    """Writes of the journal."""

    writes: Sequence[JournalEntryView]
    """Oldest first."""


class JournalBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `retry` and `drop`; it may be empty."""

    reason: ReasonText = ""
    """Why; it goes on record."""
    made: str = ""
    """Of a retry: what the first side calls what the write made, where its answer is not known."""
    by: ActorText = ""
    """Who; else the address that asks."""


class JournalDecidedView(View, frozen=True, kw_only=True):
    """What was decided of a write."""

    id: str
    """The whole of it."""
