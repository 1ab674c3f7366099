"""Positions, orders, leases and presence in this process's memory: for one replica, and for tests."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from proxy.core.auth.suspension import MOST_ORDERED, Suspension
from proxy.core.evidence.records import cleaned, storable
from proxy.core.position.position import Move, Position, Transition
from proxy.core.position.record import OrderRecord, pin_record, suspend_record
from proxy.core.position.standing import InstanceMessage, Lead, Pin, Presence, Standing
from proxy.store.positions import KEPT_ORDERS, KEPT_TRANSITIONS, check_move, storable_move


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lease:
    holder: str
    epoch: int
    until: float


class MemoryPositions:
    """A PositionStore. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing."""
        self._clock = clock
        self._version = 0
        self._positions: dict[str, Position] = {}
        self._pins: dict[tuple[str, str], Pin] = {}
        self._suspensions: dict[str, Suspension] = {}
        self._transitions: deque[tuple[int, Transition]] = deque()
        self._orders: deque[OrderRecord] = deque(maxlen=KEPT_ORDERS)
        self._leases: dict[str, _Lease] = {}
        self._presences: dict[str, tuple[Presence, float]] = {}
        self._told: deque[tuple[InstanceMessage, float]] = deque()
        self._tellings = 0
        self._ears: set[asyncio.Event] = set()

    async def standing(self) -> Standing:
        """As PositionStore says."""
        return Standing(
            version=self._version,
            positions=tuple(each for _, each in sorted(self._positions.items())),
            pins=tuple(each for _, each in sorted(self._pins.items())),
            suspensions=tuple(each for _, each in sorted(self._suspensions.items())),
        )

    async def compare_and_set(
        self, position: Position, expected_version: int, transition: Transition, lead: Lead | None = None
    ) -> bool:
        """As PositionStore says."""
        check_move(position, expected_version, transition)
        transition = storable_move(transition)
        if not self._has(position.route, expected_version) or (lead and not self.leads(lead)):
            return False
        self._positions[position.route] = position
        self._next_version()
        if expected_version or not self._is_recorded(transition):  # what was given back has brought its record with it
            self._transitions.appendleft((self._version, transition))
        while self._transitions and self._transitions[-1][0] <= self._version - KEPT_TRANSITIONS:
            self._transitions.pop()
        return True

    async def compare_and_set_all(
        self,
        moves: Sequence[Move],
        lead: Lead | None = None,
        standing: int | None = None,
        holds: Sequence[int] = (),
    ) -> bool:
        """As PositionStore says."""
        del holds
        for move in moves:
            check_move(move.after, move.before.version, move.record)
        is_late = standing not in {None, self._version} or (lead and not self.leads(lead))
        if is_late or not all(self._has(each.after.route, each.before.version) for each in moves):
            return False
        for each in moves:
            await self.compare_and_set(each.after, each.before.version, each.record, lead)
        return True

    def _has(self, route: str, version: int) -> bool:
        known = self._positions.get(route)
        return (known.version if known else 0) == version

    async def transitions(self, route: str | None, limit: int) -> tuple[Transition, ...]:
        """As PositionStore says."""
        return tuple(each for _, each in self._transitions if route in {None, each.route})[:limit]

    def _is_recorded(self, made: Transition) -> bool:
        return any(each == made for _, each in self._transitions)

    async def orders(self, route: str | None, limit: int) -> tuple[OrderRecord, ...]:
        """As PositionStore says."""
        return tuple(each for each in reversed(self._orders) if route in {None, each.route} or not each.route)[:limit]

    async def record(self, order: OrderRecord) -> None:
        """As PositionStore says."""
        kept = cleaned(order)
        if all(_which(each) != _which(kept) for each in self._orders):
            self._orders.append(kept)

    async def recall(self, moves: Sequence[Transition], orders: Sequence[OrderRecord]) -> None:
        """As PositionStore says."""
        if not self._transitions:
            self._transitions.extend((self._version, each) for each in moves)
        fresh = list(self._orders)  # an order of now may have come before what was kept
        known = {_which(each) for each in fresh}
        self._orders.clear()
        self._orders.extend(each for each in reversed(orders) if _which(each) not in known)
        self._orders.extend(fresh)

    async def set_pin(self, pin: Pin, standing: int | None = None, holds: Sequence[int] = ()) -> bool:
        """As PositionStore says."""
        del holds
        if standing not in {None, self._version}:
            return False
        kept = cleaned(pin)
        self._pins[kept.route, kept.cohort] = kept
        await self.record(pin_record(kept))
        self._next_version()
        return True

    async def drop_pin(
        self,
        route: str,
        cohort: str,
        standing: int | None = None,
        record: OrderRecord | None = None,
        holds: Sequence[int] = (),
    ) -> bool:
        """As PositionStore says."""
        del holds
        if standing not in {None, self._version} or self._pins.pop((route, storable(cohort)), None) is None:
            return False
        if record is not None:
            await self.record(record)
        self._next_version()
        return True

    async def suspend(self, suspension: Suspension) -> bool:
        """As PositionStore says."""
        kept = cleaned(suspension)
        if kept.subject in self._suspensions or len(self._suspensions) >= MOST_ORDERED:
            return False
        self._suspensions[kept.subject] = kept
        await self.record(suspend_record(kept))
        self._next_version()
        return True

    async def lift(self, ends: OrderRecord) -> bool:
        """As PositionStore says."""
        if self._suspensions.pop(storable(ends.cohort), None) is None:
            return False
        await self.record(ends)
        self._next_version()
        return True

    def leads(self, lead: Lead) -> bool:
        """Whether a lead holds now."""
        known = self._leases.get(lead.name)
        return (
            known is not None
            and (known.holder, known.epoch) == (lead.holder, lead.epoch)
            and known.until > self._clock()
        )

    async def try_lead(self, name: str, holder: str, seconds: float) -> int | None:
        """As PositionStore says."""
        known, now = self._leases.get(name), self._clock()
        if known is not None and known.until > now and known.holder != holder:
            return None
        keeps = known is not None and known.until > now
        epoch = (known.epoch if known else 0) + (0 if keeps else 1)
        self._leases[name] = _Lease(holder=holder, epoch=epoch, until=now + seconds)
        return epoch

    async def renew(self, lead: Lead, seconds: float) -> bool:
        """As PositionStore says."""
        if not self.leads(lead):
            return False
        self._leases[lead.name] = replace(self._leases[lead.name], until=self._clock() + seconds)
        return True

    async def resign(self, lead: Lead) -> None:
        """As PositionStore says."""
        if self.leads(lead):
            self._leases[lead.name] = replace(self._leases[lead.name], until=float("-inf"))

    async def announce(self, presence: Presence) -> None:
        """As PositionStore says."""
        now = self._clock()
        self._presences = {name: each for name, each in self._presences.items() if each[1] > now - 86400}
        self._presences[presence.instance] = (cleaned(presence), now)

    async def leave(self, instance: str) -> None:
        """As PositionStore says."""
        self._presences.pop(instance, None)

    async def presences(self, within: float) -> tuple[Presence, ...]:
        """As PositionStore says."""
        now = self._clock()
        return tuple(
            replace(each, seconds_ago=now - seen)
            for _, (each, seen) in sorted(self._presences.items())
            if seen > now - within
        )

    async def tell(self, instance: str, body: bytes) -> None:
        """As PositionStore says."""
        now = self._clock()
        while self._told and self._told[0][1] < now - 60.0:
            self._told.popleft()
        self._tellings += 1
        self._told.append((InstanceMessage(id=self._tellings, instance=instance, body=body), now))

    async def heard(self, after: int, instance: str) -> tuple[InstanceMessage, ...]:
        """As PositionStore says."""
        found = (each for each, _ in self._told if each.id > after and each.instance != instance)
        return tuple(found)[:1000]

    async def subscribe(self, every: float) -> AsyncIterator[int]:  # noqa: ARG002 - nothing here needs polling
        """As PositionStore says."""
        ear, told = asyncio.Event(), -1
        self._ears.add(ear)
        try:
            while True:
                if self._version != told:
                    told = self._version
                    yield told
                await ear.wait()
                ear.clear()
        finally:
            self._ears.discard(ear)

    def _next_version(self) -> None:
        self._version += 1
        for ear in self._ears:
            ear.set()


def _which(order: OrderRecord) -> tuple[object, ...]:
    """What makes two records one order."""
    return order.route, order.kind, order.cohort, order.instance, order.actor, order.at
