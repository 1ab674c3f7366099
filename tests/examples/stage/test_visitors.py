"""Visitors of a story stand still where nobody may ask, come as often as it needs them, and stumble over no answer."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from examples.stage.answered import Answered
from examples.stage.children import Children, StoryError
from examples.stage.visitors import ACTORS, Visitors, chosen
from tests.waiting import until


@dataclass(slots=True)
class Counted(Visitors):
    """Visits are counted."""

    visits: int = 0

    async def visit(self) -> None:
        self.visits += 1
        await asyncio.sleep(0)


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_is_stopped_twice_in_a_row_stands_still(tmp_path: Path) -> None:
    """Between two stops that follow each other at once nobody slips in, who would then visit within the second."""
    load = Counted(children=Children(tmp_path), pause=0.0)
    async with load.coming():
        await until(lambda: load.visits > ACTORS)
        async with load.stopped():
            await turns()  # until all of them wait to be let in
        async with load.stopped():
            before = load.visits
            await turns()
            assert load.visits == before
        await until(lambda: load.visits > before)


@dataclass(slots=True)
class Asking(Visitors):
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
        visitors = Asking(children, pause=0.0, odd=True)
        async with visitors.coming():
            await visitors.until(20)

    assert visitors.notebook.failed["1"] >= 20
    assert "KeyError 'access_token'" in visitors.notebook.failures[0]


async def test_what_ends_all_visits_is_told(tmp_path: Path) -> None:
    """Itself, and at once, instead of that nobody has come for a minute and a half."""
    with Children(tmp_path) as children:
        visitors = Asking(children, pause=0.0, ends=True)
        with pytest.raises(StoryError, match="the provider gives no token"):
            async with visitors.coming():
                await visitors.until(10**9)


async def test_they_come_at_once_when_the_story_waits_for_them(tmp_path: Path) -> None:
    """However rarely they do while it does not."""
    with Children(tmp_path) as children:
        visitors = Asking(children, pause=0.001, idle=3600.0)
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


NOT_BEGUN = {"detail": "the write was not begun: clients like this one are being moved from one side to the other"}


@pytest.mark.parametrize(
    ("answers", "sent", "ends"),
    [
        ([Answered(503, NOT_BEGUN, {"Retry-After": "0"}), Answered(200, {}, {})], 2, 200),
        ([Answered(503, NOT_BEGUN, {"Retry-After": "0"})] * 2, 2, 503),
        ([Answered(503, {"detail": "the write was not sent: …"}, {"Retry-After": "0"})], 1, 503),
        ([Answered(503, "no JSON object", {})], 1, 503),
        ([Answered(200, {}, {})], 1, 200),
    ],
    ids=["not begun", "not begun twice", "not sent", "no problem document", "done"],
)
async def test_a_write_that_was_not_begun_comes_again_once(
    tmp_path: Path, answers: list[Answered], sent: int, ends: int
) -> None:
    """After the time that its answer says; whatever else was answered is its answer."""
    load, left = Counted(Children(tmp_path)), [*answers]

    async def send() -> Answered:
        return left.pop(0)

    answer = await load.begun(send)

    assert (answer.status, len(answers) - len(left), load.came_again) == (ends, sent, sent - 1)
