"""Puts on record what is no move and waits for no store: turns of the kill switch, edits of routes.yaml.

Rule 1: while the store is away orders wait here, the newest of them, and are written in their order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from proxy.control.position.mover import PATIENCE
from proxy.core.position.record import OrderKind, OrderRecord
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.positions import PositionStore

AGAIN = 1.0
"""Seconds between two attempts of which the first one failed."""
_MOST = 100


class RecordWriter:
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

    def add(self, kind: OrderKind, actor: str, reason: str, *, route: str = "", at: float | None = None) -> None:
        """An order of now, or of that time (unix seconds); `route` empty: about all of them."""
        time = self._clock() if at is None else at
        self.put(OrderRecord(route=route, kind=kind, actor=actor, at=time, reason=reason, instance=self._instance))

    def put(self, order: OrderRecord) -> None:
        """One that says itself which replica it is about."""
        self._waiting.append(order)
        self._come.set()

    @property
    def is_behind(self) -> bool:
        """Whether something waits."""
        return bool(self._waiting)

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
