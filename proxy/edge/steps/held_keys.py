"""The keys of a worker's requests that still run, and the signs of life that keep their locks.

Rule 1: a worker that hangs or dies gives none: its keys are free, or known to be undecided, when their locks run out.
Rule 2: what is kept of answers that are on their way is bounded, over all requests of the worker.
Rule 3: a lock that may have run out has: the key may be free by people's word, or another request's, whatever is said
        of it later. Nothing is sent with less left than the time to the next sign (as with `held_writes.py`).
"""

from __future__ import annotations

import asyncio
from functools import partial

from proxy.core.idempotency.claims import LOCK, RENEW
from proxy.edge.routing.byte_allowance import ByteAllowance
from proxy.edge.steps.held_writes import boot_time
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
        self._until: dict[tuple[bytes, bytes], float] = {}

    def add(self, key: tuple[bytes, bytes], since: float) -> None:
        """Its request has begun, and asked for it at `since` (`boot_time`)."""
        self._until[key] = since + LOCK
        if not self._keeps:
            self._keeps = True
            self._tasks.start(self._keep(), name="held-keys")

    def discard(self, key: tuple[bytes, bytes]) -> None:
        """Its request is over."""
        self._until.pop(key, None)

    def may_send(self, key: tuple[bytes, bytes]) -> bool:
        """Rule 3."""
        return boot_time() < self._until.get(key, 0.0) - RENEW

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RENEW)
            self.renew()

    def renew(self) -> None:
        """Give one now."""
        held, until = list(self._until), boot_time() + LOCK
        for at in range(0, len(held), MOST):
            some = held[at : at + MOST]
            self._clerk.tell(KeysHeld(some), partial(self._taken, some, until))

    def _taken(self, held: list[tuple[bytes, bytes]], until: float) -> None:
        now = boot_time()
        for each in held:
            if now < self._until.get(each, 0.0) < until:
                self._until[each] = until
