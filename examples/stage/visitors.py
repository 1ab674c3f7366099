"""Clients all through a story: so many at once, each of whom visits again and again, stopped where nobody may ask."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from examples.stage.children import Children, StoryError
from examples.stage.notebook import Notebook
from examples.stage.operator import LOOK, PATIENCE

ACTORS = 6
PAUSE = 0.05


@dataclass(slots=True)
class Visitors(ABC):
    """`run` until cancelled; what they see stands in the notebook. `pause`: seconds between two visits of one."""

    children: Children
    notebook: Notebook = field(default_factory=Notebook)
    phase: str = "1"
    pause: float = PAUSE
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _busy: int = 0

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
        visiting = asyncio.ensure_future(self.run())
        try:
            yield
        finally:
            visiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await visiting

    async def _act(self) -> None:
        while True:
            while not self._open.is_set():  # once more: it may be closed again before whoever waited goes on
                await self._open.wait()
            self._busy += 1
            try:
                await self.visit()
            finally:
                self._busy -= 1
                self._idle.set()
            await asyncio.sleep(self.pause)

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
        wanted, seen, since = self.notebook.requests + count, self.notebook.requests, time.monotonic()
        while seen < wanted:
            await asyncio.sleep(LOOK)
            self.children.check()
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
