"""What the phases play with, and the order in which they are played."""

from __future__ import annotations

from dataclasses import dataclass

from examples.accounts.stage.scene import Scene
from examples.accounts.story.evidence import until_journal_is_empty
from examples.accounts.story.load import Load
from examples.accounts.story.report import Report
from examples.stage.children import StoryError
from examples.stage.operator import Operator
from examples.stage.telling import Telling


@dataclass(slots=True)
class Play:
    """`pace`: requests of customers that a step is watched for; `compared`: comparisons that are waited for."""

    scene: Scene
    load: Load
    tell: Telling
    report: Report
    pace: int
    compared: int

    @property
    def operator(self) -> Operator:
        """Who edits and looks."""
        return self.scene.operator

    async def watch(self, said: str) -> None:
        """Customers go on for a while; what that came to."""
        failed = self.load.notebook.failed.total()
        self.load.notebook.mark()
        await self.load.until(self.pace)
        failures = self.load.notebook.failed.total() - failed
        for each in self.load.notebook.failures[failed:]:
            self.tell(f"  failed {each}")
        self.tell(f"  load   {self.load.notebook.since} requests of customers, {failures} failed{said and ': '}{said}")

    async def edit(self, *routes: str, stage: str, split: str = "") -> None:
        """Routes that move together, one after the other."""
        for route in routes:
            await self.operator.edit(route, stage=stage, split=split)

    async def goes_back(self, *routes: str, to: str, forward: str) -> None:
        """The way back, under load, and forward again."""
        await self.edit(*routes, stage=to)
        await self.watch("back, and nobody notices")
        await self.edit(*routes, stage="canary", split=forward)
        self.report.went_back.append(self.load.phase)

    async def reconcile(self) -> int:
        """`banyan reconcile`, while nobody writes: how many rows differ."""
        async with self.load.stopped():
            await until_journal_is_empty(self.scene)
            said = await self.operator.command("reconcile", "accounts", shows=4)
        runs = (await self.operator.look("/api/reconcile") or {}).get("runs", [])
        if said.code not in {0, 1} or not runs:
            raise StoryError(f"banyan reconcile left with {said.code}: {said.text}")
        self.report.rows = runs[0]["new_rows"]
        return int(runs[0]["differences"])
