"""What the phases play with, and the order in which they are played."""

from __future__ import annotations

from dataclasses import dataclass

from examples.accounts.stage.scene import Scene
from examples.accounts.story.load import Load
from examples.accounts.story.report import Report
from examples.stage.moves import Moves


@dataclass(slots=True, kw_only=True)
class Play(Moves):
    """Of this story."""

    scene: Scene
    load: Load
    report: Report

    def release_of(self, _: str) -> int:
        """All services have the same."""
        return self.scene.where.release

    async def reconcile(self) -> int:
        """How many rows differ."""
        differences, self.report.rows = await self.rows("accounts", self.scene.service)
        return differences
