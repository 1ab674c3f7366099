"""What the phases play with."""

from __future__ import annotations

import time
from dataclasses import dataclass

from examples.crm.stage.scene import Scene
from examples.crm.story.load import Load
from examples.crm.story.report import Report
from examples.stage.compared import Compared, until_compared
from examples.stage.moves import Moves


@dataclass(slots=True, kw_only=True)
class Play(Moves):
    """`compared`: comparisons that are waited for; `writes`: those that are rehearsed on each side."""

    scene: Scene
    load: Load
    report: Report
    compared: int
    writes: int

    async def edit(self, *routes: str, stage: str, split: str = "", **more: str) -> None:
        """Each move is one edit, and takes so many seconds until every worker serves it."""
        for route in routes:
            began = time.monotonic()
            await self.operator.edit(route, stage=stage, split=split, **more)
            self.report.moves.append(time.monotonic() - began)

    async def order(self, word: str, route: str, reason: str, stage: str) -> None:
        """A move by a command; what follows its first line names this host."""
        began = time.monotonic()
        said = await self.operator.command(word, route, "--reason", reason, shows=0)
        self.tell(f"  order  banyan {word} {route} --reason '{reason}': {said.text.partition(chr(10))[0]}")
        await self.until_it_runs(route, stage)
        self.report.moves.append(time.monotonic() - began)

    async def until_it_runs(self, route: str, stage: str) -> None:
        """A move that an order, or the judge, makes."""

        async def runs() -> bool:
            page = await self.operator.look(f"/api/routes/{route}") or {}
            return bool(page.get("runs", {}).get("stage") == stage)

        await self.operator.until(runs, f"{route} to run at {stage}")

    async def first_lines(self, count: int, *words: str) -> None:
        """Of what a command prints: what stands first."""
        said = await self.operator.command(*words, shows=0)
        self.tell(f"  $ banyan {' '.join(words)}")
        lines = said.text.splitlines()
        for line in lines[:count]:
            self.tell(f"    {line}")
        self.tell(f"    … {len(lines) - count} lines more")

    async def until_compared(self, route: str, *, differs: str = "") -> Compared:
        """With the release that runs; `differs`: the path at which a planted bug shows."""
        release = self.scene.where.release
        found = await until_compared(self.operator, route, self.compared, release=release, differs=differs)
        if not differs:
            self.report.differing[route] = found.mismatch
        return found

    async def share_of_legacy(self, said: str) -> None:
        """Clients go on for a while: how many of their requests the customer service has answered."""
        async with self.load.stopped():
            before, requests = await self.scene.asked_of_legacy(), self.load.notebook.requests
        await self.watch()
        async with self.load.stopped():
            needed = await self.scene.asked_of_legacy() - before
            share = needed / (self.load.notebook.requests - requests)
        self.report.shares[said] = share
        self.tell(f"  needs  {share:.0%} of these requests were answered by the customer service")
