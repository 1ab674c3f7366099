"""How long a bad new side lasts: two replicas over one PostgreSQL, a steady load, and a fault at a small split.

Each trial begins on a database of its own. Legacy and new answer 0.5 % of requests badly; then new answers more so.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from bench.table import Table
from holds.finding import Check, Finding
from holds.progress import bar
from tests.e2e.replicas import TOKEN, load, postgres, replicas, runs, systems

USUAL = 0.005
LONGEST = 300.0
RESEARCHED = 54.0
"""Seconds at the median of the simulation: 5 %, ten times as bad, 100 requests/s; here there are twice as many."""
ROUTES = """\
  - { name: orders, match: /orders/**, stage: canary, split: 5%, cohort: "header:X-Tenant-Id", shadow: { sample: 0% } }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """From the fault to the moment at which both replicas were back; `failed`: bad answers of new that clients got."""

    seconds: float
    failed: int
    cause: str


async def measure(trials: int, times: float, rate: float) -> Finding:
    """So many trials of a fault that makes new so many times as bad."""
    os.environ["BANYAN_ADMIN_TOKEN"] = TOKEN
    found = []
    with bar("rollback", trials) as shown:
        for number in range(trials):
            found.append(await _trial(times, rate, seed=number))
            shown.step(f"{found[-1].seconds:.1f} s")
    return conclude(found, times, rate)


async def _trial(times: float, rate: float, *, seed: int) -> Trial:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holds-")))
        server = await stack.enter_async_context(postgres())
        legacy, new = await stack.enter_async_context(systems("legacy", "new", seed=seed))
        legacy.failing = new.failing = USUAL
        banyans = await stack.enter_async_context(
            replicas(folder, server.address, ROUTES, legacy=legacy.port, new=new.port, count=2)
        )
        urls = [f"{each.url}/orders/7" for each in banyans]
        await stack.enter_async_context(load(urls, per_second=rate, tenants=20_000, seed=seed))
        await asyncio.sleep(5.0)
        new.failing, began = min(USUAL * times, 1.0), time.monotonic()
        while {(await runs(each, "orders"))[0] for each in banyans} != {"shadow"}:
            if time.monotonic() - began > LONGEST:
                raise BenchError(f"not back after {LONGEST:g} s")
            await asyncio.sleep(0.05)
        seconds = time.monotonic() - began
        moves: Any = await banyans[0].api("/api/transitions?route=orders")
        failed = sum(bad and at > began for at, bad in new.asked)
        return Trial(seconds=seconds, failed=failed, cause=moves["transitions"][0]["cause"])


def conclude(trials: list[Trial], times: float, rate: float) -> Finding:
    """The table and the verdict."""
    seconds = sorted(each.seconds for each in trials)
    failed = sorted(each.failed for each in trials)
    median = seconds[len(seconds) // 2]
    rows = (
        ("seconds until both replicas were back", f"{median:.1f}", f"{seconds[-1]:.1f}"),
        ("bad answers of new until then", f"{failed[len(failed) // 2]}", f"{failed[-1]}"),
    )
    causes = ", ".join(sorted({each.cause for each in trials}))
    table = Table(
        title=f"New {times:g} times as bad at 5 %, {rate:g} requests/s over two replicas, {len(trials)} trials",
        columns=("", "median", "most"),
        rows=rows,
        notes=(f"Taken back by: {causes}.",),
    )
    checks = (
        Check(
            sentence=f"the median is below the simulation's {RESEARCHED:g} s",
            holds=median < RESEARCHED,
            seen=f"{median:.1f} s",
        ),
    )
    return Finding(suite="rollback", tables=(table,), checks=checks)
