"""Calls that another replica's clerk makes: one look at the database for all that wait here for the same one.

Rule 1: one whose lease is over is lost only when nobody has said anything of it for a whole lease more, in which the
        database could be asked here. A lease runs on while the database is away, and whoever makes the call could not
        renew it then, nor commit what came: he is given the time to. He alone being cut off is taken for his death.
Rule 2: that it is lost is said as long as it is looked at. Who stood still meanwhile begins anew.
Rule 3: a call of this clerk is over when its flight is: nothing is known of it, or nothing was sent.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from proxy.clerk.grants.flights import Flights
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.grant_tables import GrantTables, KnownToken
from proxy.tasks import Tasks

FIRST_LOOK, LONGEST_PAUSE = 0.05, 0.5
"""Seconds until the first look, and between two at the most."""
LOOKS = 12
"""At a call whose lease is over, in the time of a lease."""
LOOKED_AT = 3600.0
"""Seconds for which one is looked at, since nobody may ask for its token for long."""


@dataclass(slots=True)
class _Silence:
    """A call whose lease is over. `told` is set while it is lost, and once it is not to be looked at any more."""

    is_lost: bool = False
    told: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, *, is_lost: bool) -> None:
        """As far as it is known now."""
        self.is_lost = is_lost
        if is_lost:
            self.told.set()
        else:
            self.told.clear()


class FlightsElsewhere:
    """Of one clerk."""

    def __init__(self, tables: GrantTables, tasks: Tasks, flights: Flights, name: str) -> None:
        """Nobody waits yet. `flights` are those of this clerk, which intents call by `name`."""
        self._tables = tables
        self._tasks = tasks
        self._flights = flights
        self._name = name
        self._watched: dict[tuple[UUID, int], asyncio.Task[None]] = {}
        self._silent: dict[tuple[UUID, int], _Silence] = {}

    async def landed(self, family: UUID, epoch: int, within: float) -> None:
        """Until that call has ended, its lease is over, or so many seconds have passed; StoreUnavailable."""
        key = family, epoch
        watch = self._watched.get(key)
        if watch is None:
            watch = self._watched[key] = self._tasks.start(self._watch(family, epoch), name="grant-elsewhere")
            watch.add_done_callback(lambda _: self._watched.pop(key, None))
        done, _ = await asyncio.wait([watch], timeout=within)
        for each in done:
            each.result()

    async def _watch(self, family: UUID, epoch: int) -> None:
        pause = FIRST_LOOK
        await asyncio.sleep(pause)
        while await self._tables.is_elsewhere(family, epoch):
            pause = min(pause * 1.5, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def is_lost(self, known: KnownToken, lease: float, within: float) -> bool:
        """Whether nobody makes this call any more, whose lease is over; waits so many seconds to learn it."""
        if known.by == self._name:
            flight = self._flights.of(known.family)
            if flight is not None:
                await asyncio.wait([flight], timeout=within)
            return flight is None  # rule 3
        silence = self._silence(known, lease)
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await silence.told.wait()
        return silence.is_lost

    def _silence(self, known: KnownToken, lease: float) -> _Silence:
        key = known.family, known.epoch
        silence = self._silent.get(key)
        if silence is None:
            silence = self._silent[key] = _Silence()
            looking = self._tasks.start(self._listen(silence, key, lease), name="grant-silence")
            looking.add_done_callback(lambda _: self._silent.pop(key, None))
        return silence

    async def _listen(self, silence: _Silence, key: tuple[UUID, int], lease: float) -> None:
        """Rules 1 and 2."""
        until, looks, looked = monotonic() + LOOKED_AT, 0, monotonic()
        while looked < until:
            await asyncio.sleep(lease / LOOKS)
            try:
                if not await self._tables.is_overdue(*key):
                    break
                looks = looks + 1 if monotonic() - looked < lease / 2 else 0
            except StoreUnavailable:
                looks = 0
            looked = monotonic()
            silence.say(is_lost=looks >= LOOKS)
        silence.say(is_lost=False)
        silence.told.set()  # look again
