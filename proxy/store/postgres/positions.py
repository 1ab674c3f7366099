"""Positions, orders, leases and presence in PostgreSQL; what changes the standing is one statement, NOTIFY included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from proxy.core.auth.suspension import MOST_ORDERED, Suspension
from proxy.core.evidence.records import cleaned, storable
from proxy.core.position.position import Move, Position, Transition
from proxy.core.position.record import OrderKind, OrderRecord, pin_record, suspend_record
from proxy.core.position.standing import InstanceMessage, Lead, Pin, Presence, Standing
from proxy.store import rows
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.positions import KEPT_ORDERS, KEPT_TRANSITIONS, check_move, storable_move
from proxy.store.postgres.connections import AWAY, Connections, give_up
from proxy.store.postgres.driver import Connection, query

CHANNEL = "banyan_standing"
_KINDS = frozenset(OrderKind)


class PostgresPositions:
    """A PositionStore over a database; one connection for each question."""

    def __init__(self, connections: Connections) -> None:
        """Nothing is asked of the database yet."""
        self._connections = connections

    async def standing(self) -> Standing:
        """As PositionStore says."""
        async with self._connections.transaction("ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            version = await connection.fetchval(query("standing_version"))
            positions = await connection.fetch(query("positions"))
            pins = await connection.fetch(query("pins"))
            suspended = await connection.fetch(query("suspensions"))
        return Standing(
            version=version,
            positions=tuple(sorted(map(rows.position, positions), key=lambda each: each.route)),
            pins=tuple(sorted(map(rows.pin, pins), key=lambda each: (each.route, each.cohort))),
            suspensions=tuple(sorted((Suspension(**row) for row in suspended), key=lambda each: each.subject)),
        )

    async def compare_and_set(
        self, position: Position, expected_version: int, transition: Transition, lead: Lead | None = None
    ) -> bool:
        """As PositionStore says."""
        check_move(position, expected_version, transition)
        return await self._changed("compare_and_set", *_arguments(position, expected_version, transition, lead))

    async def compare_and_set_all(
        self,
        moves: Sequence[Move],
        lead: Lead | None = None,
        standing: int | None = None,
        holds: Sequence[int] = (),
    ) -> bool:
        """As PositionStore says."""
        for move in moves:
            check_move(move.after, move.before.version, move.record)
        if len(moves) == 1 and standing is None and not holds:
            return await self.compare_and_set(moves[0].after, moves[0].before.version, moves[0].record, lead)
        async with self._connections.connection() as connection:
            await connection.execute("BEGIN")
            version = await connection.fetchval(query("lock_standing"))
            made = standing in {None, version} and await _all_made(connection, moves, lead)
            made = made and await _is_fenced(connection, holds)
            await connection.execute("COMMIT" if made else "ROLLBACK")
        return made

    async def transitions(self, route: str | None, limit: int) -> tuple[Transition, ...]:
        """As PositionStore says."""
        async with self._connections.connection() as connection:
            return tuple(map(rows.transition, await connection.fetch(query("transitions"), route, limit)))

    async def orders(self, route: str | None, limit: int) -> tuple[OrderRecord, ...]:
        """As PositionStore says; kinds that a later version has recorded are passed over."""
        async with self._connections.connection() as connection:
            found = await connection.fetch(query("orders"), route, limit)
        return tuple(rows.order(row) for row in found if row["kind"] in _KINDS)

    async def record(self, order: OrderRecord) -> None:
        """As PositionStore says."""
        async with self._connections.connection() as connection:
            await connection.execute(query("record_order"), *rows.order_row(cleaned(order)), KEPT_ORDERS)

    async def recall(self, moves: Sequence[Transition], orders: Sequence[OrderRecord]) -> None:
        """As PositionStore says: the database has kept it."""

    async def set_pin(self, pin: Pin, standing: int | None = None, holds: Sequence[int] = ()) -> bool:
        """As PositionStore says."""
        kept = cleaned(pin)
        record = pin_record(kept)
        said = *rows.pin_row(kept), standing, str(record.kind), record.cohort
        return await self._changed("set_pin", *said, holds=holds)

    async def drop_pin(
        self,
        route: str,
        cohort: str,
        standing: int | None = None,
        record: OrderRecord | None = None,
        holds: Sequence[int] = (),
    ) -> bool:
        """As PositionStore says."""
        kept: tuple[object, ...] = (None,) * 5
        if record is not None:
            said = cleaned(record)
            kept = str(said.kind), said.actor, said.at, said.reason, said.cohort
        return await self._changed("drop_pin", route, storable(cohort), standing, *kept, holds=holds)

    async def suspend(self, suspension: Suspension) -> bool:
        """As PositionStore says."""
        kept = cleaned(suspension)
        record = suspend_record(kept)
        said = kept.subject, kept.by, kept.since, kept.reason
        return await self._changed("suspend", *said, MOST_ORDERED, str(record.kind))

    async def lift(self, ends: OrderRecord) -> bool:
        """As PositionStore says."""
        kept = cleaned(ends)
        return await self._changed("lift", kept.cohort, str(kept.kind), kept.actor, kept.at, kept.reason)

    async def try_lead(self, name: str, holder: str, seconds: float) -> int | None:
        """As PositionStore says."""
        async with self._connections.connection() as connection:
            epoch: int | None = await connection.fetchval(query("try_lead"), name, holder, seconds)
        return epoch

    async def renew(self, lead: Lead, seconds: float) -> bool:
        """As PositionStore says."""
        async with self._connections.connection() as connection:
            asked = (lead.name, lead.holder, lead.epoch, seconds)
            return await connection.fetchval(query("renew_lead"), *asked) is not None

    async def resign(self, lead: Lead) -> None:
        """As PositionStore says."""
        async with self._connections.connection() as connection:
            await connection.execute(query("resign_lead"), lead.name, lead.holder, lead.epoch)

    async def announce(self, presence: Presence) -> None:
        """As PositionStore says."""
        presence = cleaned(presence)
        async with self._connections.connection() as connection:
            await connection.execute(query("announce"), presence.instance, presence.revision, presence.version)

    async def leave(self, instance: str) -> None:
        """As PositionStore says."""
        async with self._connections.connection() as connection:
            await connection.execute(query("leave"), instance)

    async def presences(self, within: float) -> tuple[Presence, ...]:
        """As PositionStore says."""
        async with self._connections.connection() as connection:
            found = await connection.fetch(query("presences"), within)
        return tuple(sorted((Presence(**row) for row in found), key=lambda each: each.instance))

    async def tell(self, instance: str, body: bytes) -> None:
        """As PositionStore says."""
        async with self._connections.connection() as connection:
            await connection.execute(query("tell"), storable(instance), body)

    async def heard(self, after: int, instance: str) -> tuple[InstanceMessage, ...]:
        """As PositionStore says."""
        async with self._connections.connection() as connection:
            found = await connection.fetch(query("heard"), after, storable(instance))
        return tuple(InstanceMessage(**row) for row in found)

    async def subscribe(self, every: float) -> AsyncIterator[int]:
        """As PositionStore says."""
        ear, told = _Ear(self._connections), -1
        try:
            while True:
                version = await ear.version()
                if version is not None and version != told:
                    told = version
                    yield version
                await ear.wait(every)
        finally:
            await ear.close()

    async def _changed(self, name: str, *arguments: object, holds: Sequence[int] = ()) -> bool:
        """Whether the statement did what it says: it then gives the standing's new version."""
        async with self._connections.connection() as connection:
            if not holds:
                return await connection.fetchrow(query(name), *arguments) is not None
            await connection.execute("BEGIN")
            made = await connection.fetchrow(query(name), *arguments) is not None
            made = made and await _is_fenced(connection, holds)
            await connection.execute("COMMIT" if made else "ROLLBACK")
        return made


def _arguments(position: Position, expected: int, transition: Transition, lead: Lead | None) -> tuple[object, ...]:
    """Those of the statement `compare_and_set`."""
    fence = (lead.name, lead.holder, lead.epoch) if lead else (None, None, None)
    moved, recorded = rows.position_row(position), rows.transition_row(storable_move(transition))
    return (*moved, expected, *recorded, KEPT_TRANSITIONS, *fence, position.begun)


async def _is_fenced(connection: Connection, holds: Sequence[int]) -> bool:
    """Within the transaction of a move: whether all of these were there still; they keep out now what came before."""
    return not holds or len(await connection.fetch(query("journal/fence"), list(holds))) == len(holds)


async def _all_made(connection: Connection, moves: Sequence[Move], lead: Lead | None) -> bool:
    """Within a transaction that is ended for nothing at the first one that was late."""
    for move in moves:
        arguments = _arguments(move.after, move.before.version, move.record, lead)
        if await connection.fetchrow(query("compare_and_set"), *arguments) is None:
            return False
    return True


class _Ear:
    """One connection that listens; another one when it breaks. Without any it only waits."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._connection: Connection | None = None
        self._called = asyncio.Event()

    async def version(self) -> int | None:
        """The standing's version; None while the store is away."""
        self._called.clear()
        try:
            async with asyncio.timeout(self._connections.patience.timeout):
                connection = await self._listening()
                version: int = await connection.fetchval(query("standing_version"))
        except (StoreUnavailable, StoreRefused, *AWAY):
            await self.close()
            return None
        return version

    async def wait(self, every: float) -> None:
        """Until somebody calls, for `every` seconds at most."""
        try:
            async with asyncio.timeout(every):
                await self._called.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """Give the listening connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await give_up(connection)

    async def _listening(self) -> Connection:
        if self._connection is None:
            self._connection = await self._connections.dedicated()
            self._connection.add_termination_listener(self._heard)
            await self._connection.add_listener(CHANNEL, self._heard)
        return self._connection

    def _heard(self, *_: object) -> None:
        self._called.set()
