"""What the phases play with."""

from __future__ import annotations

from dataclasses import dataclass

from examples.crm.stage.scene import Scene
from examples.crm.story.load import Load
from examples.crm.story.report import Report
from examples.stage.compared import Compared
from examples.stage.moves import Moves


@dataclass(slots=True, kw_only=True)
class Play(Moves):
    """`writes`: those that are rehearsed on each side."""

    scene: Scene
    load: Load
    report: Report
    writes: int

    def release_of(self, _: str) -> int:
        """All routes lead to the CRM back end."""
        return self.scene.where.release

    async def agrees(self, route: str) -> Compared:
        """What was compared where no bug is planted; the verdict asks that nothing differs."""
        found = await self.until_compared(route, self.compared)
        self.report.differing[route] = found.mismatch
        return found

    async def ordered(self, word: str, route: str, reason: str, stage: str) -> None:
        """A move by a command."""
        await self.order(word, route, reason)
        await self.until_it_runs(route, stage)

    async def first_lines(self, count: int, *words: str) -> None:
        """Of what a command prints: what stands first."""
        said = await self.operator.command(*words, shows=0)
        self.operator.orders += 1
        self.tell(f"  $ banyan {' '.join(words)}")
        lines = said.text.splitlines()
        for line in lines[:count]:
            self.tell(f"    {line}")
        self.tell(f"    … {len(lines) - count} lines more")

    async def share_of_legacy(self, said: str) -> None:
        """Clients go on for a while: how many of their requests the customer service has answered."""
        async with self.load.stopped():
            before, requests = await self.scene.asked_of_legacy(), self.load.notebook.requests
        await self.watch()
        async with self.load.stopped():
            needed = (await self.scene.asked_of_legacy()).clients - before.clients
            share = needed / (self.load.notebook.requests - requests)
        self.report.shares[said] = share
        self.tell(f"  needs  {share:.0%} of these requests were answered by the customer service")
