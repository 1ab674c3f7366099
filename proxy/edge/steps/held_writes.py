"""The writes that a worker has on their way, and until when nobody else takes them for abandoned.

Rule 1: one is held from when it was asked for, and once more from each word that it is on its way, if the clerk has
        taken that. The times are those before the asking, so that the database holds it for no less.
Rule 2: a hold that may be over is over: somebody else may have the write in hand, whatever is said of it later.
Rule 3: what is sent needs the time in which the next word comes. Less than that left, and nothing is sent.
Rule 4: the time goes on while the machine sleeps.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial

from proxy.core.journal.intent import HOLD
from proxy.edge.steps.step_kind import Clerk
from proxy.link.journal_questions import WritesHeld

HELD_EVERY = HOLD / 3
"""Seconds between two words of what is on its way."""


def boot_time() -> float:
    """Seconds since the machine started, its sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class HeldWrites:
    """By the ids of their intents."""

    def __init__(self, clerk: Clerk) -> None:
        """None yet."""
        self._clerk = clerk
        self._until: dict[str, float] = {}

    def add(self, intent_id: str, since: float) -> None:
        """It is in the journal, and was asked for at `since` (`boot_time`)."""
        self._until[intent_id] = since + HOLD

    def discard(self, intent_id: str) -> None:
        """It is no longer on its way."""
        self._until.pop(intent_id, None)

    def may_send(self, intent_id: str) -> bool:
        """Rule 3."""
        return boot_time() < self._until.get(intent_id, 0.0) - HELD_EVERY

    async def keep(self) -> None:
        """Tell of them until cancelled; run it in the background."""
        while True:
            await asyncio.sleep(HELD_EVERY)
            self.tell()

    def tell(self) -> None:
        """Say now which there are."""
        if self._until:
            held = sorted(self._until)
            self._clerk.tell(WritesHeld(held), partial(self._taken, held, boot_time() + HOLD))

    def _taken(self, held: list[str], until: float) -> None:
        """Rules 1 and 2."""
        now = boot_time()
        for each in held:
            if now < self._until.get(each, 0.0) < until:
                self._until[each] = until
