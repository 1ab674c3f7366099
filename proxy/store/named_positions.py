"""A store of positions in which routes are kept by their origins, for who calls them by their names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from proxy.core.auth.suspension import Suspension
from proxy.core.position.position import Move, Position, Transition
from proxy.core.position.record import OrderRecord
from proxy.core.position.standing import InstanceMessage, Lead, Pin, Presence, Standing
from proxy.core.routing.state_names import Origins, all_called, called
from proxy.store.positions import PositionStore


class NamedPositions:
    """A PositionStore over another one. `origins` gives those of the present table."""

    def __init__(self, behind: PositionStore, origins: Callable[[], Origins]) -> None:
        """What has no route passes through."""
        self._behind = behind
        self._origins = origins

    async def standing(self) -> Standing:
        """As PositionStore says."""
        found = await self._behind.standing()
        name = self._origins().name
        return replace(
            found,
            positions=all_called(found.positions, name),
            pins=all_called(found.pins, name),
        )

    async def compare_and_set(
        self, position: Position, expected_version: int, transition: Transition, lead: Lead | None = None
    ) -> bool:
        """As PositionStore says."""
        origin = self._origins().origin(position.route)
        kept = called(transition, self._origins().origin(transition.route))
        return await self._behind.compare_and_set(called(position, origin), expected_version, kept, lead)

    async def compare_and_set_all(
        self,
        moves: Sequence[Move],
        lead: Lead | None = None,
        standing: int | None = None,
        holds: Sequence[int] = (),
    ) -> bool:
        """As PositionStore says."""
        return await self._behind.compare_and_set_all([self._move(move) for move in moves], lead, standing, holds)

    async def transitions(self, route: str | None, limit: int) -> tuple[Transition, ...]:
        """As PositionStore says; moves of nobody's routes stay in the list of all, by the name that they had."""
        found = await self._behind.transitions(None if route is None else self._origins().origin(route), limit)
        name = self._origins().name
        return tuple(called(each, name(each.route) or each.route) for each in found)

    async def orders(self, route: str | None, limit: int) -> tuple[OrderRecord, ...]:
        """As PositionStore says; by names as `transitions` has them."""
        found = await self._behind.orders(None if route is None else self._origins().origin(route), limit)
        name = self._origins().name
        return tuple(called(each, name(each.route) or each.route) for each in found)

    async def record(self, order: OrderRecord) -> None:
        """As PositionStore says."""
        await self._behind.record(called(order, self._origins().origin(order.route)))

    async def recall(self, moves: Sequence[Transition], orders: Sequence[OrderRecord]) -> None:
        """As PositionStore says."""
        origin = self._origins().origin
        kept = [called(each, origin(each.route)) for each in moves]
        await self._behind.recall(kept, [called(each, origin(each.route)) for each in orders])

    async def set_pin(self, pin: Pin, standing: int | None = None, holds: Sequence[int] = ()) -> bool:
        """As PositionStore says."""
        return await self._behind.set_pin(called(pin, self._origins().origin(pin.route)), standing, holds)

    async def drop_pin(
        self,
        route: str,
        cohort: str,
        standing: int | None = None,
        record: OrderRecord | None = None,
        holds: Sequence[int] = (),
    ) -> bool:
        """As PositionStore says."""
        origin = self._origins().origin(route)
        kept = None if record is None else called(record, origin)
        return await self._behind.drop_pin(origin, cohort, standing, kept, holds)

    async def suspend(self, suspension: Suspension) -> bool:
        """As PositionStore says."""
        return await self._behind.suspend(suspension)

    async def lift(self, ends: OrderRecord) -> bool:
        """As PositionStore says."""
        return await self._behind.lift(ends)

    async def try_lead(self, name: str, holder: str, seconds: float) -> int | None:
        """As PositionStore says."""
        return await self._behind.try_lead(name, holder, seconds)

    async def renew(self, lead: Lead, seconds: float) -> bool:
        """As PositionStore says."""
        return await self._behind.renew(lead, seconds)

    async def resign(self, lead: Lead) -> None:
        """As PositionStore says."""
        await self._behind.resign(lead)

    async def announce(self, presence: Presence) -> None:
        """As PositionStore says."""
        await self._behind.announce(presence)

    async def leave(self, instance: str) -> None:
        """As PositionStore says."""
        await self._behind.leave(instance)

    async def presences(self, within: float) -> tuple[Presence, ...]:
        """As PositionStore says."""
        return await self._behind.presences(within)

    async def tell(self, instance: str, body: bytes) -> None:
        """As PositionStore says."""
        await self._behind.tell(instance, body)

    async def heard(self, after: int, instance: str) -> tuple[InstanceMessage, ...]:
        """As PositionStore says."""
        return await self._behind.heard(after, instance)

    def subscribe(self, every: float) -> AsyncIterator[int]:
        """As PositionStore says."""
        return self._behind.subscribe(every)

    def _move(self, move: Move) -> Move:
        origin = self._origins().origin(move.after.route)
        return Move(
            before=called(move.before, origin), after=called(move.after, origin), record=called(move.record, origin)
        )
