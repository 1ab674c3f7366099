"""The customers of both products, all through the story; every answer is looked at.

Rule 1: what a customer reads is at least as new as what was fetched for this tenant before; of a tenant one fetch runs
        at a time, since Banyan begins no write while another of the same thing is long on its way.
Rule 2: a tenant that nobody knows is asked for now and then; its 404 is a problem (RFC 9457) that names it: planted.
Rule 3: a write that was not begun, since its route moved just then, comes again, once, when the answer says.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp

from examples.accounts.stage.scene import RECEIVABLES, Scene
from examples.stage.answered import Answered
from examples.stage.visitors import Visitors, chosen

HOT = 0.1
"""Share of the tenants to whom most of the visits go."""
SEED = 1
_USE = {"strangers": 2, "auth": 38, "receivables": 20, "accounts": 40}
"""For what they come, in a hundred visits, by the route that it is for."""


def tenant_name(number: int) -> str:
    """From 1."""
    return f"t-{number:05}"


@dataclass(slots=True, kw_only=True)
class Load(Visitors):
    """`by`: which release of the second product runs."""

    scene: Scene
    by: str = ""
    born: list[str] = field(default_factory=list)
    _fetching: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _dice: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 -- a seed, not a secret

    async def visit(self) -> None:
        """Of a customer of either product, or of one whom nobody knows."""
        match chosen(_USE, self.interest, self._dice):
            case "strangers":
                await self.stranger(f"nobody-{self._dice.randrange(1000)}")
            case "auth":
                await self.token(self._tenant())
            case "receivables":
                await self.receivables(self._customer())
            case _:
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
        async with self._fetching[tenant]:
            await self._card(tenant)

    async def _card(self, tenant: str) -> None:
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
            answer = await self.begun(partial(self._answered, method, url))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.notebook.fail(self.phase, f"{method} {url}: {type(error).__name__} {error}")
            return None
        if answer.status != expects:
            self.notebook.fail(self.phase, f"{method} {url}: {answer.status} {answer.said}")
            return None
        return answer.said

    async def _answered(self, method: str, url: str) -> Answered:
        async with self.scene.client.request(method, url) as answer:
            return Answered(answer.status, await answer.json(content_type=None), answer.headers)
