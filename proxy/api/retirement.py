"""Whether a route may be retired, and the order that retires it."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.brownout import BrownoutView, DeprecationView
from proxy.api.standing import PlaceView
from proxy.api.view import ActorText, ReasonText, View
from proxy.core.brownout.retirement import ItemState, RetireItem


class RetireBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `retire`; it may be empty."""

    reason: ReasonText = ""
    """Why; recorded with the move."""
    by: ActorText = ""
    """Who; else the address that asks."""
    seconds: float = 30 * 86_400.0
    """For how long nobody may have called; from a second to a year."""
    skip: Sequence[RetireItem] = ()
    """Items that need not be met: `browned_out`, `deprecated`, `sunset`."""


class RetireNeedView(View, frozen=True, kw_only=True):
    """One item of the list."""

    item: RetireItem
    """What is asked."""
    state: ItemState
    """How it stands."""
    sentence: str
    """What was found."""


class RetireCallerView(View, frozen=True, kw_only=True):
    """One caller that is recorded."""

    caller: str
    """As usage names it."""
    calls: int
    """How often it called within a year."""
    days: int
    """On how many days."""
    last: str
    """Its last call (RFC 3339)."""
    recent: bool = False
    """Whether that was within the period."""
    met: str = ""
    """When the brown-out met it first (RFC 3339); empty: it did not."""


class RetirementView(View, frozen=True, kw_only=True):
    """The list."""

    route: str
    """Its name."""
    runs: PlaceView
    """Where it runs."""
    seconds: float
    """For how long nobody may have called."""
    may: bool
    """Whether nothing is open: `retire` would move it."""
    needs: Sequence[RetireNeedView] = ()
    """All items."""
    callers: Sequence[RetireCallerView] = ()
    """Who called within a year, the last one first."""
    brownout: BrownoutView | None = None
    """Its brown-out; null: it has none."""
    deprecated: DeprecationView | None = None
    """What its answers say of its end; null: nothing."""
