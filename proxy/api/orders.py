"""What operators order, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.api.standing import InstanceView, PinView, PlaceView
from proxy.api.view import ActorText, ReasonText, View
from proxy.core.outcome import Side


class OrderBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a verb; it may be empty."""

    reason: ReasonText = ""
    """Why; recorded with the move."""
    by: ActorText = ""
    """Who; else the address that asks."""
    off: bool = False
    """Of `drain`: end it."""
    step: bool = False
    """Of `rollback`: back by one step instead of to where legacy answers everybody."""
    alone: bool = False
    """Of `promote`, `rollback`, `hold` and `resume`: the others of its group stay as they are."""
    preview: bool = False
    """Of the same: nothing is moved; the answer says what would be, as far as this replica knows."""


class PinBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `pin`."""

    cohort: str
    """The cohort's key as clients send it."""
    side: Side | None = None
    """Who answers it; null ends the pin."""
    seconds: float | None = None
    """How long; null: for ever."""
    reason: ReasonText = ""
    """Why; recorded with the pin."""
    by: ActorText = ""
    """Who; else the address that asks."""


class MemberView(View, frozen=True, kw_only=True):
    """Another route of the group, which stood where the ordered one stood."""

    route: str
    """Its name."""
    runs: PlaceView
    """Where it runs now."""
    version: int = 0
    """Its position's version."""
    moved: bool = False
    """Whether it was moved with the ordered one."""
    why: str = ""
    """Why not; empty: it was."""


class MovedView(View, frozen=True, kw_only=True, rename={"start": "from"}):
    """What became of an order."""

    route: str
    """Its name."""
    start: PlaceView
    """Where it ran."""
    runs: PlaceView
    """Where it runs now."""
    latched: bool = False
    """It was rolled back, and stays until `resume`."""
    held: bool = False
    """The judge may not promote it."""
    version: int = 0
    """Its position's version."""
    moved: bool = True
    """False: it stood like that already, or what was ordered is no move."""
    tag: str = ""
    """What `If-Match` takes."""
    group: Sequence[MemberView] = ()
    """Other routes of its group."""
    everywhere: bool = True
    """False: it holds at this replica alone, as the state store is away."""
    done: bool = False
    """Whether every live replica obeys."""
    instances: Sequence[InstanceView] = ()
    """Live replicas, this one first."""
    pin: PinView | None = None
    """The pin that was set."""
    notes: Sequence[str] = ()
    """Sentences on what stands beside it."""
    preview: bool = False
    """True: nothing was moved, and the rest says what would be."""
