"""Puts turns of the kill switch on record: workers obey the file, and nobody waits for a store.

Rule 1: while the store is away turns wait here, the newest of them, and are written in their order.
Rule 2: an order has the time that its file names, so that whoever finds it again after a restart records it once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from proxy.control.position.mover import PATIENCE
from proxy.core.position.record import OrderKind, OrderRecord
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.positions import PositionStore

AGAIN = 1.0
"""Seconds between two attempts of which the first one failed."""
_MOST = 100
KILL_FILE = "kill file"
"""Who turned it where nobody said so: the file came or went, by `touch` or `rm`."""


class KillRecords:
    """Of one instance. `kept` is called when something was recorded."""

    def __init__(
        self, store: PositionStore, instance: str, clock: Callable[[], float], kept: Callable[[], Awaitable[object]]
    ) -> None:
        """Nothing is recorded yet."""
        self._store = store
        self._instance = instance
        self._clock = clock
        self._kept = kept
        self._waiting: deque[OrderRecord] = deque(maxlen=_MOST)
        self._come = asyncio.Event()

    def turned_on(self, order: KillSwitchOrder) -> None:
        """It was ordered, also where it is on already."""
        at = self._clock()
        with suppress(ValueError, OverflowError):
            at = datetime.fromisoformat(order.at).timestamp()
        self._add(OrderKind.KILL, order.by or KILL_FILE, at, order.reason)

    def turned_off(self, by: str = "", reason: str = "") -> None:
        """Its end was ordered."""
        self._add(OrderKind.UNKILL, by or KILL_FILE, self._clock(), reason)

    def _add(self, kind: OrderKind, actor: str, at: float, reason: str) -> None:
        self._waiting.append(
            OrderRecord(route="", kind=kind, actor=actor, at=at, reason=reason, instance=self._instance)
        )
        self._come.set()

    async def run(self) -> None:
        """Record what comes, for ever."""
        while True:
            await self._come.wait()
            self._come.clear()
            while self._waiting:
                if not await self.write():
                    await asyncio.sleep(AGAIN)

    async def write(self) -> bool:
        """Record the oldest of those that wait; False: the store is away."""
        oldest = self._waiting[0]
        try:
            async with asyncio.timeout(PATIENCE):
                await self._store.record(oldest)
        except (StoreUnavailable, StoreRefused, TimeoutError):
            return False
        if self._waiting and self._waiting[0] is oldest:
            self._waiting.popleft()
        await self._kept()
        return True
