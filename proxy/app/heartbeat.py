"""Signs of life: each child's loop counts up in memory that the supervisor sees, so that one that hangs is found.

Rule 1: a child's loop counts once a second; whatever keeps the loop (a comparison without end, SIGSTOP) ends that.
Rule 2: silence is measured in the supervisor's own looks, each of which adds `LONGEST_LOOK` at the most: on a machine
        that stood still nobody has been silent.
Rule 3: a child counts as heard when it is born; one that has been silent for `HUNG` seconds is to be replaced.
Rule 4: where one was replaced before it was ever heard, its successor is given twice the time for its first word: on a
        machine so loaded that a start takes longer, each would be killed just before it serves, for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from mmap import PAGESIZE, mmap
from typing import Any

from proxy.tasks import Tasks

EVERY = 1.0
HUNG = 20.0
"""Seconds of silence after which a child counts as hung: found and replaced within half a minute."""
LONGEST_START = 640.0
"""Seconds that one is given for its first word at most."""
LONGEST_LOOK = 2.0
_SIZE = 8


class Heartbeats:
    """One counter per child, by a number from 0 on; made before the first child, and inherited by fork."""

    def __init__(self, children: int) -> None:
        """Pages that nobody writes to take no room."""
        self._counts = memoryview(mmap(-1, max(children * _SIZE, PAGESIZE))).cast("Q")

    def beat(self, child: int) -> None:
        """Count one turn of the child's loop."""
        self._counts[child] += 1

    def count(self, child: int) -> int:
        """Turns of the child's loop, its predecessors' included."""
        return self._counts[child]

    async def while_running(self, child: int, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` to its end, with signs of life beside it."""
        tasks = Tasks()
        tasks.start(self._keep_beating(child), name="heartbeat")
        try:
            await work
        finally:
            await tasks.end()

    async def _keep_beating(self, child: int) -> None:
        while True:
            self.beat(child)
            await asyncio.sleep(EVERY)


@dataclass(slots=True)
class Silence:
    """How long one child has been silent, as far as its parent was awake to hear it; seconds."""

    count: int
    looked: float
    silent: float = 0.0
    patience: float = HUNG
    heard: bool = False

    def look(self, count: int, now: float) -> bool:
        """Whether it hangs, as of `now` on a steady clock, with its counter at `count`."""
        passed, self.looked = now - self.looked, now
        if count != self.count:
            self.count, self.silent = count, 0.0
            self.patience, self.heard = HUNG, True
        else:
            self.silent += min(passed, LONGEST_LOOK)
        return self.silent >= self.patience

    def successor(self, count: int, now: float) -> Silence:
        """Of the one that takes its place, born at `now`."""
        hung_unheard = not self.heard and self.silent >= self.patience
        return Silence(count, now, patience=min(self.patience * 2, LONGEST_START) if hung_unheard else HUNG)
