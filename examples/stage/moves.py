"""What every story does with routes: they move, clients go on, and they go back."""

from __future__ import annotations

from dataclasses import dataclass, field

from examples.stage.operator import Operator
from examples.stage.telling import Telling
from examples.stage.visitors import Visitors


@dataclass(slots=True, kw_only=True)
class Moves:
    """`pace`: requests of clients that a step is watched for; `went_back`: the phases whose way back was used."""

    operator: Operator
    visitors: Visitors
    tell: Telling
    pace: int
    went_back: list[str] = field(default_factory=list)

    async def watch(self, said: str = "") -> None:
        """Clients go on for a while; what that came to."""
        notebook = self.visitors.notebook
        failed = notebook.failed.total()
        notebook.mark()
        await self.visitors.until(self.pace)
        failures = notebook.failed.total() - failed
        for each in notebook.failures[failed:]:
            self.tell(f"  failed {each}")
        self.tell(f"  load   {notebook.since} requests of customers, {failures} failed{said and ': '}{said}")

    async def edit(self, *routes: str, stage: str, split: str = "") -> None:
        """Routes that move together, one after the other."""
        for route in routes:
            await self.operator.edit(route, stage=stage, split=split)

    async def goes_back(self, *routes: str, to: str, forward: str) -> None:
        """The way back, under load, and forward again."""
        await self.edit(*routes, stage=to)
        await self.watch("back, and nobody notices")
        await self.edit(*routes, stage="canary", split=forward)
        self.went_back.append(self.visitors.phase)
