"""The keys of a worker's requests that still run, and the signs of life that keep their locks.

Rule 1: a worker that hangs or dies gives none: its keys are free, or known to be undecided, when their locks run out.
"""

from __future__ import annotations

import asyncio

from proxy.edge.routing.step_kind import Clerk
from proxy.link.idempotency_questions import KeysHeld

MOST = 4096
"""Keys of one sign of life."""


class HeldKeys:
    """By (record, owner)."""

    def __init__(self, clerk: Clerk) -> None:
        """None yet."""
        self._clerk = clerk
        self._held: dict[tuple[bytes, bytes], None] = {}

    def add(self, key: tuple[bytes, bytes]) -> None:
        """Its request has begun."""
        self._held[key] = None

    def discard(self, key: tuple[bytes, bytes]) -> None:
        """Its request is over."""
        self._held.pop(key, None)

    async def keep(self, every: float) -> None:
        """Give a sign of life every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(every)
            self.renew()

    def renew(self) -> None:
        """Give one now."""
        held = list(self._held)
        for at in range(0, len(held), MOST):
            self._clerk.tell(KeysHeld(held[at : at + MOST]))
