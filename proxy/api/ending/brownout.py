"""The end of a route: its brown-out, whom that has met, how it ended; whether it may be retired, and the order."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.standing import PlaceView
from proxy.api.view import ActorText, ReasonText, View
from proxy.core.brownout.retirement import ItemState, RetireItem


class BrownoutEndView(View, frozen=True, kw_only=True):
    """How it ended."""

    at: str
    """When (RFC 3339)."""
    by: str = ""
    """By whom."""
    reason: str = ""
    """Why."""


class FollowedView(View, frozen=True, kw_only=True):
    """Next calls of clients."""

    calls: int = 0
    """All of them."""
    errors: int = 0
    """Those that failed: 400 or more."""
    repeats: int = 0
    """Those that asked for the same again at once."""


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
    behind_lean: FollowedView = FollowedView()
    """What it did next behind calls that went without."""
    behind_whole: FollowedView = FollowedView()
    """What it did next behind whole answers."""


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
