"""The record: what was ordered, by whom, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from proxy.api.standing import PlaceView
from proxy.api.view import SideWord, View
from proxy.core.position.record import OrderKind

KindWord = Annotated[str, msgspec.Meta(examples=[each.value for each in OrderKind])]


class RecordedOrderView(View, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """One order: of a person, of the judge, or of an edit of routes.yaml."""

    at: str
    """When it was given (RFC 3339)."""
    kind: KindWord
    """What was ordered."""
    route: str = ""
    """The route's name; empty: all of them."""
    actor: str = ""
    """Who gave it."""
    reason: str = ""
    """Why, as it was written."""
    start: PlaceView | None = None
    """Where the route ran; null where the order is no move of it."""
    end: PlaceView | None = None
    """Where it ran then."""
    cause: str = ""
    """Of a move, as of a transition."""
    version: int = 0
    """Of a move: the position's version then."""
    cohort: str = ""
    """Of a pin: the cohort's key."""
    side: SideWord | None = None
    """Of a pin: who answers it."""
    until: str | None = None
    """Of a pin: when it ends (RFC 3339); null: never."""
    instance: str = ""
    """The replica that it is about; empty: all of them."""


class HistoryView(View, frozen=True, kw_only=True):
    """What was ordered."""

    orders: Sequence[RecordedOrderView]
    """Newest first."""
