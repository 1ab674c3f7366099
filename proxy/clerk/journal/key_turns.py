"""Who may write to a key: one at a time, in the order in which they asked."""

from __future__ import annotations

import asyncio
from collections import deque


class KeyTurns:
    """Of one process; between replicas the database says it (`store/postgres/journal.py`, rule 2)."""

    def __init__(self) -> None:
        """Nobody writes."""
        self._waiting: dict[tuple[str, str], deque[asyncio.Future[None]]] = {}

    async def take(self, key: tuple[str, str]) -> None:
        """Wait for the turn; whoever has it gives it back."""
        line = self._waiting.get(key)
        if line is None:
            self._waiting[key] = deque()
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(key)  # it came in the same moment
            raise

    def give(self, key: tuple[str, str]) -> None:
        """The next one, please."""
        line = self._waiting[key]
        while line:
            turn = line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._waiting[key]
