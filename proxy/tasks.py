"""Background tasks: the one place where a task is made.

Rule 1: every task has a name and a reference that is kept until it ends (the loop keeps weak ones only).
Rule 2: a task that dies says so in the log; one that must not end is started anew, ever more slowly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

LONGEST_DELAY = 30.0
STEADY_AFTER = 60.0
"""Seconds of life after which a death counts as the first one again."""

Work = Callable[[], Coroutine[Any, Any, None]]
_log = structlog.get_logger()


class Tasks:
    """Starts tasks, keeps them, and ends them together."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Run `work` in the background of the running loop."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def done(self) -> None:
        """Wait until none runs."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def end(self) -> None:
        """Cancel all and wait for them."""
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task_died", task=task.get_name(), exc_info=error)


class RestartedTasks:
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
