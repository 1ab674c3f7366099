"""What a store of positions can do. `memory/positions.py` and `postgres/positions.py` both do, by the same tests.

Every method but `subscribe` may raise `StoreUnavailable`.

Rule 1: a position changes by compare-and-set on its version; of any number of writers one wins.
Rule 2: leases run by the store's clock alone. A lost lease is never valid again: the next holder's epoch is higher.
Rule 3: several positions change together or not at all. A change that names a version of the standing is made only
        while nothing that anybody obeys has changed since.
Rule 4: whoever judges passes its lead with every write, and stops at the first refusal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Protocol

from proxy.core.auth.suspension import Suspension
from proxy.core.evidence.records import cleaned, storable
from proxy.core.position.position import Move, Position, Transition
from proxy.core.position.record import OrderRecord
from proxy.core.position.standing import InstanceMessage, Lead, Pin, Presence, Standing

KEPT_TRANSITIONS = 100_000
"""Moves are kept until the standing has changed so many times again."""
LONGEST_REASON = 4_000
"""Characters of a move's reason: all needs of a step, each in a sentence."""
KEPT_ORDERS = 100_000
"""Orders that are no moves: the newest."""


class PositionStore(Protocol):
    """What all replicas obey."""

    async def standing(self) -> Standing:
        """Positions and pins of all routes, suspensions, and their version, read at one moment."""

    async def compare_and_set(
        self, position: Position, expected_version: int, transition: Transition, lead: Lead | None = None
    ) -> bool:
        """Replace the route's position if it has `expected_version` (0: none yet) and record the transition with it.

        False, and nothing changed, when another was faster or `lead` no longer holds. An operator's move has no lead.
        ValueError unless position and transition are of one route and of a higher version.
        """

    async def compare_and_set_all(
        self,
        moves: Sequence[Move],
        lead: Lead | None = None,
        standing: int | None = None,
        holds: Sequence[int] = (),
    ) -> bool:
        """All of these moves as one: each as `compare_and_set` on its `before`'s version. False: none was made.

        `standing`: only while the standing has this version. `holds`: only while writes are held by these, which keep
        out from then on what was decided before (`store/sql/journal/fence.sql`); a store in memory has none.
        """

    async def transitions(self, route: str | None, limit: int) -> tuple[Transition, ...]:
        """Recorded moves of a route or of all, newest first."""

    async def orders(self, route: str | None, limit: int) -> tuple[OrderRecord, ...]:
        """Recorded orders that are no moves, of a route or of all, newest first; those about all routes are of each."""

    async def record(self, order: OrderRecord) -> None:
        """Record an order that changes nothing here; one that is there already stays one."""

    async def recall(self, moves: Sequence[Transition], orders: Sequence[OrderRecord]) -> None:
        """Take back what was recorded, newest first, where the store lives in memory and has lost it; else nothing."""

    async def set_pin(self, pin: Pin, standing: int | None = None, holds: Sequence[int] = ()) -> bool:
        """Add a pin, or replace that of the same route and cohort, and record it. False: the standing had another
        version, or one of the `holds` is over.
        """

    async def drop_pin(
        self,
        route: str,
        cohort: str,
        standing: int | None = None,
        record: OrderRecord | None = None,
        holds: Sequence[int] = (),
    ) -> bool:
        """Whether there was one, and the standing had this version; then `record` is kept with it."""

    async def suspend(self, suspension: Suspension) -> bool:
        """Suspend a subject, and record it. False: it is suspended already, or `MOST_ORDERED` are."""

    async def lift(self, ends: OrderRecord) -> bool:
        """Whether the subject that this order names was suspended; then that is over, and the order recorded."""

    async def try_lead(self, name: str, holder: str, seconds: float) -> int | None:
        """The epoch under which `holder` may judge for so long; None while another does. A leader keeps its epoch."""

    async def renew(self, lead: Lead, seconds: float) -> bool:
        """Whether the lead still holds, from now on for so long again."""

    async def resign(self, lead: Lead) -> None:
        """Let the next one lead at once."""

    async def announce(self, presence: Presence) -> None:
        """Say that a replica lives, and what it obeys."""

    async def leave(self, instance: str) -> None:
        """A replica ends: nobody waits for it."""

    async def presences(self, within: float) -> tuple[Presence, ...]:
        """Replicas that announced themselves in so many seconds, by instance."""

    async def tell(self, instance: str, body: bytes) -> None:
        """Tell the other replicas; what is a minute old is forgotten."""

    async def heard(self, after: int, instance: str) -> tuple[InstanceMessage, ...]:
        """What others than `instance` told, with ids above `after`, in their order; at most 1000.

        A lower id may turn up after a higher one: look back a little, and pass over what is known.
        """

    def subscribe(self, every: float) -> AsyncIterator[int]:
        """The standing's version: as it is, then whenever it has changed.

        At once where the store can tell, else within `every` seconds. Never raises: while the store is away it is
        silent. Close it to end it.
        """


def storable_move(made: Transition) -> Transition:
    """The record with texts that every store takes; its reason is no key, and may be longer than what is one."""
    return replace(cleaned(made), reason=storable(made.reason, LONGEST_REASON))


def check_move(position: Position, expected_version: int, transition: Transition) -> None:
    """ValueError unless position and transition are of one route and of one version, higher than the expected one."""
    if position.route != transition.route or position.version != transition.version:
        raise ValueError(f"the transition of {transition.route!r} is not that of the position of {position.route!r}")
    if position.version <= expected_version:
        raise ValueError(f"version {position.version} of {position.route!r} must be higher than {expected_version}")
