"""Plays stories: so many at once, and those that want the machine for themselves alone, first.

Rule 1: a story that fails, stops or lacks a part stops no other.
Rule 2: whatever ends this ends all of them: each is told at once, and takes along what it has started.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.stage.children import Child, Children
from examples.stage.record import VARIABLE, Chapter, read_record
from examples.together.outcome import Ending, Outcome, outcome
from examples.together.stories import Story

LOOK = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """`words` are every story's arguments; logs and records lie in `folder`; `tell` is given each line of progress."""

    folder: Path
    words: Sequence[str]
    tell: Callable[[str], None]
    began: float

    async def all_of(self, stories: Sequence[Story], at_once: int) -> list[Outcome]:
        """In the order of the stories, however they ended."""
        with Children(self.folder) as children:
            found = {story: await self._play(story, children) for story in stories if story.alone}
            room = asyncio.Semaphore(at_once)
            async with asyncio.TaskGroup() as group:
                plays = {
                    story: group.create_task(self._within(room, story, children))
                    for story in stories
                    if not story.alone
                }
        found |= {story: task.result() for story, task in plays.items()}
        return [found[story] for story in stories]

    async def _within(self, room: asyncio.Semaphore, story: Story, children: Children) -> Outcome:
        async with room:
            return await self._play(story, children)

    async def _play(self, story: Story, children: Children) -> Outcome:
        since, record = time.monotonic(), self.folder / f"{story.name}.record"
        self._progress(story, "begins")
        child = children.python(story.name, story.module, *self.words, more={VARIABLE: str(record)})
        try:
            await self._until_ended(story, child, record)
        finally:
            if child.process.poll() is None:
                child.process.terminate()  # rule 2: all at once; `children` waits for them
        ended = outcome(story.name, time.monotonic() - since, read_record(record), _last_line(child))
        self._progress(story, ended.ending if ended.ending is Ending.HELD else f"{ended.ending}: {ended.words[0]}")
        return ended

    async def _until_ended(self, story: Story, child: Child, record: Path) -> None:
        told, is_over = 0, False
        while not is_over:
            is_over = child.process.poll() is not None
            entries = read_record(record)
            for entry in entries[told:]:
                if isinstance(entry, Chapter):
                    self._progress(story, entry.title)
            told = len(entries)
            if not is_over:
                await asyncio.sleep(LOOK)

    def _progress(self, story: Story, what: str) -> None:
        self.tell(f"{time.monotonic() - self.began:4.0f} s  {story.name:<10} {what}")


def _last_line(child: Child) -> str:
    return child.last_words.splitlines()[-1]
