"""What the phases play with."""

from __future__ import annotations

from dataclasses import dataclass

from examples.stage.moves import Moves
from examples.todock.stage.scene import Scene
from examples.todock.story.load import Load
from examples.todock.story.report import Report

ORDERS = ("orders.app1", "orders.app2", "orders.site")


@dataclass(slots=True, kw_only=True)
class Play(Moves):
    """`dead`: seconds for which the delivery server is dead."""

    scene: Scene
    load: Load
    report: Report
    dead: float

    def release_of(self, route: str) -> int:
        """By the API's name."""
        return self.scene.releases[route.partition(".")[0]]

    async def reconcile(self) -> int:
        """How many rows differ."""
        differences, self.report.rows = await self.rows("orders", self.scene.orders_store)
        return differences

    async def lift(self, subject: str) -> None:
        """He may call again."""
        said = await self.operator.command("suspend", subject, "--lift", shows=0)
        self.operator.orders += 1
        self.tell(f"  order  banyan suspend {subject} --lift: {said.text.partition(chr(10))[0]}")

    async def needs_legacy(self, when: str) -> None:
        """The share of clients' requests that legacy answers now, over a watch."""
        before = await self._answered()
        await self.watch()
        legacy, every = (after - earlier for after, earlier in zip(await self._answered(), before, strict=True))
        self.report.needs[when] = share = legacy / every if every else 0.0
        self.tell(f"  needs  {when}: {share:.0%} of the requests of clients were answered by legacy")

    async def _answered(self) -> tuple[float, float]:
        """By legacy, and by any side."""
        legacy = await self.operator.metric("banyan_requests_total", 'side="legacy"')
        return legacy, legacy + await self.operator.metric("banyan_requests_total", 'side="new"')

    def count_moves(self, phase: str) -> None:
        """What the operator had to do in this phase."""
        before_edits = sum(count for count, _ in self.report.moves.values())
        before_orders = sum(count for _, count in self.report.moves.values())
        done = len(self.operator.moves) - before_edits, self.operator.orders - before_orders
        self.report.moves[phase] = done
