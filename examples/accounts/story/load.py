"""The customers of both products, all through the story; every answer is looked at.

Rule 1: what a customer reads is at least as new as what was fetched for this tenant before.
Rule 2: a tenant that nobody knows is asked for now and then; its 404 is a problem (RFC 9457) that names it: planted.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from examples.accounts.stage.scene import RECEIVABLES, Scene
from examples.stage.children import StoryError
from examples.stage.notebook import Notebook
from examples.stage.operator import LOOK, PATIENCE

ACTORS = 6
PAUSE = 0.05
HOT = 0.1
"""Share of the tenants to whom most of the visits go."""
SEED = 1


def tenant_name(number: int) -> str:
    """From 1."""
    return f"t-{number:05}"


@dataclass(slots=True)
class Load:
    """Actors that visit until cancelled. `by`: which release of the second product runs."""

    scene: Scene
    notebook: Notebook = field(default_factory=Notebook)
    phase: str = "1"
    by: str = ""
    born: list[str] = field(default_factory=list)
    _dice: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 -- a seed, not a secret
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _busy: int = 0

    async def run(self) -> None:
        """Until cancelled."""
        self._open.set()
        async with asyncio.TaskGroup() as group:
            for _ in range(ACTORS):
                group.create_task(self._act())

    async def _act(self) -> None:
        while True:
            await self._open.wait()
            self._busy += 1
            try:
                await self._visit()
            finally:
                self._busy -= 1
                self._idle.set()
            await asyncio.sleep(PAUSE)

    @asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """For as long as this lasts, nobody asks."""
        self._open.clear()
        while self._busy:
            self._idle.clear()
            await self._idle.wait()
        try:
            yield
        finally:
            self._open.set()

    async def until(self, count: int) -> None:
        """So many requests from now; StoryError when none is answered any more."""
        wanted, seen, since = self.notebook.requests + count, self.notebook.requests, time.monotonic()
        while seen < wanted:
            await asyncio.sleep(LOOK)
            self.scene.children.check()
            if self.notebook.requests > seen:
                seen, since = self.notebook.requests, time.monotonic()
            if time.monotonic() - since > PATIENCE:
                raise StoryError(f"customers have asked nothing for {PATIENCE:g} s")

    # -- visits -------------------------------------------------------------------------------------------------------

    async def _visit(self) -> None:
        kind = self._dice.random()
        if kind < 0.02:
            await self.stranger(f"nobody-{self._dice.randrange(1000)}")
        elif kind < 0.4:
            await self.token(self._tenant())
        elif kind < 0.6:
            await self.receivables(self._customer())
        else:
            await self.card(self._tenant())

    def _tenant(self) -> str:
        count = self.scene.tenants
        among = max(10, int(count * HOT)) if self._dice.random() < 0.8 else count
        return tenant_name(1 + self._dice.randrange(among))

    def _customer(self) -> str:
        """Of the second product."""
        if self.born and self._dice.random() < 0.2:
            return self._dice.choice(self.born)
        count = max(10, int(self.scene.tenants * HOT)) // RECEIVABLES
        return tenant_name(1 + RECEIVABLES * self._dice.randrange(count))

    async def token(self, tenant: str) -> None:
        """A page of the card product, which wants to know whether accounts are linked."""
        self.notebook.used.add(tenant)
        await self.ask("GET", f"{self.scene.banyan}/auth?tenant={tenant}")

    async def fetch(self, tenant: str) -> Any:  # noqa: ANN401 -- JSON
        """The card product fetches: what it has written."""
        self.notebook.used.add(tenant)
        return await self.ask("POST", f"{self.scene.banyan}/sync?tenant={tenant}")

    async def card(self, tenant: str) -> None:
        """It fetches, and its customer looks (rule 1)."""
        fetched = await self.fetch(tenant)
        if fetched is None:
            return
        read = await self.ask("GET", f"{self.scene.banyan}/tenants/{tenant}/accounts")
        if read is not None:
            self.notebook.reads += 1
            days = [min((each["day"] for each in said["accounts"]), default=0) for said in (fetched, read)]
            if days[1] < days[0]:
                self.notebook.fail(self.phase, f"{tenant}: read day {days[1]} after day {days[0]} was written")

    async def receivables(self, tenant: str) -> None:
        """The second product matches invoices."""
        self.notebook.used.add(tenant)
        by = f"&by={self.by}" if self.by else ""
        await self.ask("GET", f"http://127.0.0.1:{self.scene.where.receivables}/ledger?tenant={tenant}{by}")

    async def stranger(self, tenant: str) -> None:
        """Rule 2."""
        said = await self.ask("GET", f"{self.scene.banyan}/auth?tenant={tenant}", expects=404)
        if said is not None:
            self.notebook.planted += 1
            if tenant not in str(said.get("detail")):
                self.notebook.fail(self.phase, f"the problem does not name {tenant}: {said}")

    async def ask(self, method: str, url: str, *, expects: int = 200) -> Any:  # noqa: ANN401 -- JSON
        """The answer's JSON; None when it is not as it should be."""
        self.notebook.requests += 1
        try:
            async with self.scene.client.request(method, url) as answer:
                said = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.notebook.fail(self.phase, f"{method} {url}: {type(error).__name__} {error}")
            return None
        if answer.status != expects:
            self.notebook.fail(self.phase, f"{method} {url}: {answer.status} {said}")
            return None
        return said


async def each_of(tenants: Sequence[str], work: Callable[[str], Awaitable[object]], at_once: int = 8) -> None:
    """One after the other, so many at once."""
    left = iter(tenants)

    async def some() -> None:
        for tenant in left:
            await work(tenant)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(some())
