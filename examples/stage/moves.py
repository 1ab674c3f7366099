"""What every story does with routes: they are compared, they move, clients go on, and they go back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from examples.stage.compared import Compared, until_compared
from examples.stage.journal import reconciled, until_journal_is_empty
from examples.stage.operator import Operator
from examples.stage.stores import Store
from examples.stage.telling import Telling
from examples.stage.visitors import Visitors


@dataclass(slots=True, kw_only=True)
class Moves(ABC):
    """`pace`: requests of clients that a step is watched for; `compared`: comparisons that are waited for.

    `went_back`: the phases whose way back was used.
    """

    operator: Operator
    visitors: Visitors
    tell: Telling
    pace: int
    compared: int
    went_back: list[str] = field(default_factory=list)

    @abstractmethod
    def release_of(self, route: str) -> int:
        """Of the service that is new on this route."""

    async def until_compared(self, route: str, count: int, *, differs: str = "") -> Compared:
        """With the release that runs."""
        with self.visitors.awaited(route):
            return await until_compared(self.operator, route, count, release=self.release_of(route), differs=differs)

    async def until_it_runs(self, route: str, stage: str) -> None:
        """A move that an order, or the judge, makes."""

        async def runs() -> bool:
            page = await self.operator.look(f"/api/routes/{route}") or {}
            return bool(page.get("runs", {}).get("stage") == stage)

        with self.visitors.awaited(route):
            await self.operator.until(runs, f"{route} to run at {stage}")

    async def until_held(self, route: str, obstacle: str) -> dict[str, Any]:
        """The route's page, once its ramp names what holds it by a sentence that begins so."""
        page: dict[str, Any] = {}

        async def says() -> bool:
            page.update(await self.operator.look(f"/api/routes/{route}") or {})
            return str(page.get("obstacle", "")).startswith(obstacle)

        with self.visitors.awaited(route):
            await self.operator.until(says, f"the ramp of {route} to say what holds it")
        return page

    async def order(self, word: str, whom: str, reason: str) -> None:
        """By the command; what follows its first line names this host."""
        said = await self.operator.command(word, whom, "--reason", reason, shows=0)
        self.operator.orders += 1
        self.tell(f"  order  banyan {word} {whom} --reason '{reason}': {said.text.partition(chr(10))[0]}")

    async def rows(self, check: str, state: Store) -> tuple[int, int]:
        """`banyan reconcile`, while nobody writes: how many rows differ, and how many new has."""
        async with self.visitors.stopped():
            await until_journal_is_empty(self.operator, state)
            return await reconciled(self.operator, check)

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

    async def edit(self, *routes: str, stage: str, split: str = "", **values: str) -> None:
        """Routes that move together, in one save, under load."""
        with self.visitors.awaited():
            await self.operator.edit(*routes, stage=stage, split=split, **values)

    async def goes_back(self, *routes: str, to: str, forward: str) -> None:
        """The way back, under load, and forward again."""
        await self.edit(*routes, stage=to)
        await self.watch("back, and nobody notices")
        await self.edit(*routes, stage="canary", split=forward)
        self.went_back.append(self.visitors.phase)
