"""Visitors of a story stand still where nobody may ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from examples.stage.children import Children
from examples.stage.visitors import ACTORS, Visitors
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
