"""The keys of a worker's requests that still run, and the signs of life that keep their locks.

Rule 1: a worker that hangs or dies gives none: its keys are free, or known to be undecided, when their locks run out.
Rule 2: what is kept of answers that are on their way is bounded, over all requests of the worker.
"""

from __future__ import annotations

import asyncio

from proxy.core.idempotency.claims import RENEW
from proxy.edge.routing.byte_allowance import ByteAllowance
from proxy.edge.steps.step_kind import Clerk
from proxy.link.idempotency_questions import KeysHeld
from proxy.tasks import Tasks

MOST = 4096
"""Keys of one sign of life."""
MAX_ANSWERS = 16 * 1024 * 1024
"""Bytes of answers on their way that may be kept in one worker."""


class HeldKeys:
    """By (record, owner)."""

    def __init__(self, clerk: Clerk, tasks: Tasks) -> None:
        """None yet; what gives the signs begins with the first one."""
        self._clerk = clerk
        self._tasks = tasks
        self._keeps = False
        self.answers = ByteAllowance(MAX_ANSWERS)
        self._held: dict[tuple[bytes, bytes], None] = {}

    def add(self, key: tuple[bytes, bytes]) -> None:
        """Its request has begun."""
        self._held[key] = None
        if not self._keeps:
            self._keeps = True
            self._tasks.start(self._keep(), name="held-keys")

    def discard(self, key: tuple[bytes, bytes]) -> None:
        """Its request is over."""
        self._held.pop(key, None)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RENEW)
            self.renew()

    def renew(self) -> None:
        """Give one now."""
        held = list(self._held)
        for at in range(0, len(held), MOST):
            self._clerk.tell(KeysHeld(held[at : at + MOST]))
