"""Clients of a story: whom an answer makes stumble has failed, and they come as often as the story needs them."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples.stage.children import Children, StoryError
from examples.stage.visitors import Visitors, chosen


@dataclass(slots=True)
class Counted(Visitors):
    """Each visit is a request; `odd`: what they are answered has not what they look for."""

    odd: bool = False
    ends: bool = False

    async def visit(self) -> None:
        """One."""
        self.notebook.requests += 1
        if self.ends:
            raise StoryError("the provider gives no token")
        if self.odd:
            json.loads("{}")["access_token"]


async def test_an_answer_that_nobody_can_read_is_a_failure(tmp_path: Path) -> None:
    """And clients go on; before, all of them stood still, and the story ended after a minute and a half by that."""
    with Children(tmp_path) as children:
        visitors = Counted(children, pause=0.0, odd=True)
        async with visitors.coming():
            await visitors.until(20)

    assert visitors.notebook.failed["1"] >= 20
    assert "KeyError 'access_token'" in visitors.notebook.failures[0]


async def test_what_ends_all_visits_is_told(tmp_path: Path) -> None:
    """Itself, and at once, instead of that nobody has come for a minute and a half."""
    with Children(tmp_path) as children:
        visitors = Counted(children, pause=0.0, ends=True)
        with pytest.raises(StoryError, match="the provider gives no token"):
            async with visitors.coming():
                await visitors.until(10**9)


async def test_they_come_at_once_when_the_story_waits_for_them(tmp_path: Path) -> None:
    """However rarely they do while it does not."""
    with Children(tmp_path) as children:
        visitors = Counted(children, pause=0.001, idle=3600.0)
        async with visitors.coming():
            await visitors.until(30)
            await asyncio.sleep(0)  # whoever was on the way
            before = visitors.notebook.requests
            async with visitors.stopped():
                assert visitors.notebook.requests == before
            with visitors.awaited():
                await visitors.until(30)
                assert visitors.notebook.requests >= before + 30


def test_most_come_for_what_the_story_waits_for() -> None:
    """And the others as ever; where it is none of their uses it changes nothing."""
    dice, uses = random.Random(1), {"points": 90, "card": 10}
    drawn = [chosen(uses, "card", dice) for _ in range(1000)]

    assert 700 < drawn.count("card") < 850
    one, other = random.Random(2), random.Random(2)
    assert [chosen(uses, "history", one) for _ in range(50)] == [chosen(uses, "", other) for _ in range(50)]
