"""One adapter: its messages one after the other, each within its time, in a process that is replaced when it fails.

Rule 1: whose time is over is killed; the others wait for the next process. So is whose process ends by itself.
Rule 2: an adapter that fails again and again rests, ever longer, and its messages are refused meanwhile: what it does
        costs everybody else less and less. One message that is translated ends that.
Rule 3: a message that takes longer than most makes its process one that runs where a core is idle, to its end: who
        waits beside it for a core gets it at once. Where that is too little, rule 1 brings another process.
Rule 4: the process is there from the first message on, until no table has the adapter any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic
from typing import Final

import structlog

from proxy.core.translation.untranslatable import Untranslatable
from proxy.link.translations import Adapter, FromTranslator, Message, refusal_of
from proxy.tasks import Tasks
from proxy.translator.adapter_process import AdapterDied, AdapterProcess
from proxy.translator.waiting_messages import WaitingMessage, WaitingMessages

FIRST_REST: Final = 1.0
LONGEST_REST: Final = 30.0
"""Seconds for which an adapter rests after the second failure in a row, and at the most."""
LONG: Final = 0.05
"""Seconds for one message; a loop takes all that it gets."""
BUSY: Final = 503
BAD_GATEWAY: Final = 502
_log = structlog.get_logger()


class AdapterRunner:
    """To be made inside the running loop; `users` are the connections whose tables have it."""

    def __init__(self, adapter: Adapter, name: str, tasks: Tasks) -> None:
        """Nothing runs before the first message."""
        self.adapter = adapter
        self.users: set[object] = set()
        self.name = name
        self._tasks = tasks
        self._waiting = WaitingMessages()
        self._process: AdapterProcess | None = None
        self._dropping = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._rests_until = 0.0
        self._is_ending = False
        self._wakes = False

    def begin(self) -> None:
        """Start its process before its first message."""
        self._wakes = True
        self._run()

    def _run(self) -> None:
        if self._task is None:
            self._task = self._tasks.start(self._work(), name=f"adapter {self.name}")

    @property
    def waiting(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def put(self, message: Message, hear: Callable[[FromTranslator], None]) -> WaitingMessage | None:
        """A message in the queue; None: it was refused already."""
        waiting = WaitingMessage(message, hear)
        if monotonic() < self._rests_until:
            waiting.answer(_refused(message, "its process was stopped again and again, and rests", BUSY))
        elif not self._waiting.put(waiting):
            waiting.answer(_refused(message, "too many messages wait for it", BUSY))
        else:
            self._run()
            return waiting
        return None

    async def end(self) -> None:
        """No more messages come; those that wait are refused by the connection's end, or by nobody."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._drop()

    async def finish(self) -> None:
        """The same, once none waits."""
        self._is_ending = True
        self._waiting.filled.set()
        if self._task is not None:
            await asyncio.wait((self._task,))
        await self.end()

    async def _work(self) -> None:
        if self._wakes:
            with contextlib.suppress(AdapterDied):  # its first message is told
                await self._started()
        while (waiting := await self._next()) is not None:
            waiting.answer(await self._translated(waiting.message))

    async def _next(self) -> WaitingMessage | None:
        """None: there will be no more."""
        while (waiting := self._waiting.pop()) is None:
            if self._is_ending:
                return None
            await self._waiting.filled.wait()
        return waiting

    async def _translated(self, message: Message) -> FromTranslator:
        """Rule 1."""
        try:
            process = self._process or await self._started()
            said = await _within(message.timeout, process, message)
        except TimeoutError:
            return await self._failed(message, f"it took longer than {message.timeout:g} s")
        except AdapterDied as error:
            return await self._failed(message, str(error))
        self._failures = 0
        return said

    async def _started(self) -> AdapterProcess:
        began = monotonic()
        self._process = process = await AdapterProcess.start(self.adapter)
        _log.info(
            "adapter_started", adapter=self.name, confined=process.confined, seconds=round(monotonic() - began, 3)
        )
        return process

    async def _failed(self, message: Message, why: str) -> FromTranslator:
        """Rule 2."""
        self._failures += 1
        rest = min(FIRST_REST * 2 ** (self._failures - 2), LONGEST_REST) if self._failures > 1 else 0.0
        _log.error("adapter_stopped", adapter=self.name, why=why, failures=self._failures, rests=rest)
        await self._drop()
        if rest:
            self._rests_until = monotonic() + rest
            while (waiting := self._waiting.pop()) is not None:
                waiting.answer(_refused(waiting.message, "its process was stopped again and again, and rests", BUSY))
        return _refused(message, why, BAD_GATEWAY)

    async def _drop(self) -> None:
        """Known until it has ended: whoever ends the runner meanwhile waits for that, too."""
        async with self._dropping:
            if self._process is not None:
                self._process.kill()
                await self._process.ended()
                self._process = None


async def _within(seconds: float, process: AdapterProcess, message: Message) -> FromTranslator:
    """Rules 1 and 3."""
    long = asyncio.get_running_loop().call_later(LONG, process.yield_cores)
    try:
        async with asyncio.timeout(seconds):
            return await process.translate(message)
    finally:
        long.cancel()


def _refused(message: Message, why: str, status: int) -> FromTranslator:
    """Nothing of the message is at fault."""
    return refusal_of(message.id, Untranslatable("$", why, status=status))
