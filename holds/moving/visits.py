"""Clients of a route: a steady rate, many tenants, and a share of the requests that come again within a minute.

Rule 1: a request begins when it is due, whatever has become of the one before (open loop).
Rule 2: what comes again is the same in everything: target, tenant, fields.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import aiohttp

TENANTS = 2_000
TIMEOUT = 30.0
_MINUTE = 60.0


class Visit(NamedTuple):
    """One request: which thing, for which tenant."""

    number: int
    tenant: int


@dataclass(slots=True, kw_only=True)
class Visits:
    """What to ask next. `again` in [0, 1]: the share that was asked within the last minute already."""

    dice: random.Random
    again: float
    _number: int = 0
    _lately: deque[tuple[float, Visit]] = field(default_factory=deque)

    def next(self, now: float) -> Visit:
        """At this time, in seconds on any clock."""
        while self._lately and now - self._lately[0][0] > _MINUTE - 5.0:
            self._lately.popleft()
        if self._lately and self.dice.random() < self.again:
            return self.dice.choice(self._lately)[1]
        self._number += 1
        visit = Visit(self._number, self.dice.randrange(TENANTS))
        self._lately.append((now, visit))
        return visit


@asynccontextmanager
async def visiting(
    urls: list[str], *, method: str, rate: float, again: float, seed: int
) -> AsyncIterator[Counter[str]]:
    """So many requests a second over all of these; by status, or the error's name, what came of them."""
    counts: Counter[str] = Counter()
    visits = Visits(dice=random.Random(seed), again=again)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
        running = group.create_task(_ask(session, urls, method, rate, visits, counts))
        try:
            yield counts
        finally:
            running.cancel()


async def _ask(
    session: aiohttp.ClientSession, urls: list[str], method: str, rate: float, visits: Visits, counts: Counter[str]
) -> None:
    due = time.monotonic()
    async with asyncio.TaskGroup() as group:
        while True:
            visit = visits.next(time.monotonic())
            group.create_task(_one(session, urls[visit.number % len(urls)], method, visit, counts))
            due += 1 / rate
            await asyncio.sleep(max(due - time.monotonic(), 0.0))


async def _one(session: aiohttp.ClientSession, url: str, method: str, visit: Visit, counts: Counter[str]) -> None:
    headers = {"X-Tenant-Id": f"t{visit.tenant}"}
    with suppress(asyncio.CancelledError):
        try:
            async with session.request(method, f"{url}/orders/{visit.number}", headers=headers) as answer:
                await answer.read()
                counts[str(answer.status)] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            counts[type(error).__name__] += 1
