"""Background work that must not end: a task that dies is logged and started anew, ever more slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from proxy.tasks import Tasks

LONGEST_DELAY = 30.0
STEADY_AFTER = 60.0
"""Seconds of life after which a death counts as the first one again."""

Work = Callable[[], Coroutine[Any, Any, None]]
_log = structlog.get_logger()


class Restarting:
    """Tasks that live until they return, are cancelled or all are ended."""

    def __init__(self, first_delay: float = 0.1) -> None:
        """Begin with none; the delay in seconds after a first death doubles with each further one."""
        self._tasks = Tasks()
        self._first_delay = first_delay

    def start(self, work: Work, *, name: str) -> asyncio.Task[None]:
        """Run `work()` in the background, and again whenever it raises."""
        return self._tasks.start(self._keep(work, name), name=name)

    async def end(self) -> None:
        """Cancel all and wait for them."""
        await self._tasks.end()

    async def _keep(self, work: Work, name: str) -> None:
        clock = asyncio.get_running_loop().time
        delay = self._first_delay
        while True:
            began = clock()
            try:
                return await work()
            except Exception:  # noqa: BLE001 whatever it was, the process goes on without it
                if clock() - began > STEADY_AFTER:
                    delay = self._first_delay
                _log.exception("task_restarts", task=name, delay=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
