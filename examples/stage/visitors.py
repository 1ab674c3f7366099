"""Clients all through a story: so many at once, each of whom visits again and again, stopped where nobody may ask."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from examples.stage.answered import Answered
from examples.stage.children import LOOK, PATIENCE, Children, StoryError
from examples.stage.notebook import Notebook

ACTORS = 6
PAUSE, FAST_IDLE = 0.05, 1.0
"""Seconds between two visits of one; of a story with --fast, while it does not wait for what they see."""
_INTERESTED = 0.75
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What a visit ends in when an answer lacks what its kind has: a client that failed, and no end of the story."""


@dataclass(slots=True)
class Visitors(ABC):
    """`run` until cancelled; what they see stands in the notebook.

    `pause`: seconds between two visits of one while the story waits for what they see, `idle` while it does not: what
    clients ask beside a step costs more than the step. `interest`: what most of them come for, empty: for anything.
    `came_again`: writes that were not begun, and were sent once more.
    """

    children: Children
    notebook: Notebook = field(default_factory=Notebook)
    phase: str = "1"
    pause: float = PAUSE
    idle: float = PAUSE
    interest: str = ""
    came_again: int = 0
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _busy: int = 0
    _awaited: asyncio.Event = field(default_factory=asyncio.Event)
    _visiting: asyncio.Future[None] | None = None

    @abstractmethod
    async def visit(self) -> None:
        """One of them comes."""

    async def run(self) -> None:
        """Until cancelled."""
        self._open.set()
        async with asyncio.TaskGroup() as group:
            for _ in range(ACTORS):
                group.create_task(self._act())

    @asynccontextmanager
    async def coming(self) -> AsyncIterator[None]:
        """For as long as this lasts, they visit."""
        self._visiting = visiting = asyncio.ensure_future(self.run())
        try:
            yield
        finally:
            visiting.cancel()
            await asyncio.wait([visiting])
            if not visiting.cancelled() and (error := visiting.exception()) is not None:
                raise _first_of(error)

    async def _act(self) -> None:
        while True:
            while not self._open.is_set():  # once more: it may be closed again before whoever waited goes on
                await self._open.wait()
            self._busy += 1
            try:
                await self.visit()
            except UNREADABLE as error:
                self.notebook.fail(self.phase, f"an answer that nobody can read: {type(error).__name__} {error}")
            finally:
                self._busy -= 1
                self._idle.set()
            await self._rest()

    async def _rest(self) -> None:
        await asyncio.sleep(self.pause)
        if self.idle > self.pause:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.idle - self.pause):
                    await self._awaited.wait()

    async def begun(self, send: Callable[[], Awaitable[Answered]]) -> Answered:
        """What is answered; a write that was not begun comes again, once, when its answer says: that is no failure."""
        answer = await send()
        seconds = answer.comes_again_after
        if seconds is None:
            return answer
        self.came_again += 1
        await asyncio.sleep(seconds)
        return await send()

    @contextmanager
    def awaited(self, interest: str = "") -> Iterator[None]:
        """For as long as this lasts, the story waits for what they see, and most come for this."""
        before, self.interest = (self._awaited.is_set(), self.interest), interest
        self._awaited.set()
        try:
            yield
        finally:
            was_awaited, self.interest = before
            if not was_awaited:
                self._awaited.clear()

    @asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """For as long as this lasts, nobody asks."""
        self._open.clear()
        while self._busy:
            self._idle.clear()
            await self._idle.wait()
        try:
            yield
        finally:
            self._open.set()

    async def until(self, count: int) -> None:
        """So many requests from now; StoryError when none is answered any more."""
        with self.awaited():
            await self._until(self.notebook.requests + count)

    async def _until(self, wanted: int) -> None:
        seen, since = self.notebook.requests, time.monotonic()
        while seen < wanted:
            await asyncio.sleep(LOOK)
            self.children.check()
            if self._visiting is not None and self._visiting.done():
                raise StoryError("clients come no more")
            if self.notebook.requests > seen:
                seen, since = self.notebook.requests, time.monotonic()
            if time.monotonic() - since > PATIENCE:
                raise StoryError(f"clients have asked nothing for {PATIENCE:g} s")


async def each_of(names: Sequence[str], work: Callable[[str], Awaitable[object]], at_once: int = 8) -> None:
    """One after the other, so many at once."""
    left = iter(names)

    async def some() -> None:
        for name in left:
            await work(name)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(some())


def _first_of(error: BaseException) -> BaseException:
    """Of those that several clients have met at once."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def chosen(uses: Mapping[str, int], interest: str, dice: random.Random) -> str:
    """For what somebody comes, of uses with their weights; three of four for what the story waits for, if it is one."""
    if interest in uses and dice.random() < _INTERESTED:
        return interest
    return dice.choices(list(uses), list(uses.values()))[0]
