"""What the phases play with, and the order in which they are played."""

from __future__ import annotations

from dataclasses import dataclass

from examples.accounts.stage.scene import Scene
from examples.accounts.story.load import Load
from examples.accounts.story.report import Report
from examples.stage.compared import Compared, until_compared
from examples.stage.journal import reconciled, until_journal_is_empty
from examples.stage.moves import Moves


@dataclass(slots=True, kw_only=True)
class Play(Moves):
    """`compared`: comparisons that are waited for."""

    scene: Scene
    load: Load
    report: Report
    compared: int

    async def until_compared(self, route: str, count: int, *, differs: str = "") -> Compared:
        """With the release that runs."""
        release = self.scene.where.release
        return await until_compared(self.operator, route, count, release=release, differs=differs)

    async def reconcile(self) -> int:
        """`banyan reconcile`, while nobody writes: how many rows differ."""
        async with self.load.stopped():
            await until_journal_is_empty(self.operator, self.scene.service)
            differences, self.report.rows = await reconciled(self.operator, "accounts")
        return differences
