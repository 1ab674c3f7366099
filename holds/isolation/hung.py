"""Legacy hangs for minutes under its usual load, beside callers of a system that does not need it.

Rule 1: keys are the defaults; legacy's process is stopped (SIGSTOP): it takes connections and says nothing.
Rule 2: each window of the time in which it hangs is held against one of the calm time before.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from holds.asking import Answer, Ask
from holds.finding import Check, Finding
from holds.fixtures import Site, launch_banyan
from holds.isolation.crowd import Crowd
from holds.isolation.setting import Address, stopped, upstream_at
from holds.isolation.unharmed import Beside, checks, table
from holds.launching import running
from holds.progress import bar
from tests.e2e.program import free_port

MOST = 1.05
WARM = 3.0
WINDOW = 30.0
OPENS_WITHIN = 45.0
"""Seconds: a whole default timeout, and some time to see enough of them."""
_ROUTES = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
upstreams:
  legacy: { url: "http://127.0.0.2:@LEGACY@" }
  points: { url: "http://127.0.0.3:@LEGACY@" }
routes:
  - { name: points, match: "/points/**", stage: legacy, legacy: points }
  - { name: rest, match: "/**", stage: legacy }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """`port` is Banyan's; `legacy` is the one that will hang."""

    port: int
    legacy: Address


async def measure(seconds: float, rate: float) -> Finding:
    """Legacy hangs for so long; half of `rate` requests a second need it."""
    windows = max(round(seconds / WINDOW), 1)
    length = seconds / windows
    async with _systems() as systems:
        needs = Crowd(systems.port, (Ask("GET", "orders"), Ask("POST", "orders")), rate / 2)
        others = Crowd(systems.port, (Ask("GET", "points"), Ask("POST", "points")), rate / 2)
        await asyncio.gather(needs.ask_for(WARM), others.ask_for(WARM))
        with bar("windows", windows + 2) as drawn:
            calm = []
            for _ in range(2):
                calm.append(await _window(needs, others, length))
                drawn.step("calm")
            begin = len(needs.answers)
            wrong = []
            async with stopped(systems.legacy):
                waiting = asyncio.ensure_future(needs.ask_for(seconds))
                for _ in range(windows):
                    wrong.append(await _window(None, others, length))
                    drawn.step("legacy hangs")
                await waiting
    pairs = [Beside(calm=calm[number % 2], wrong=each) for number, each in enumerate(wrong)]
    return _finding(pairs, needs.answers[begin:], seconds, rate)


async def _window(needs: Crowd | None, others: Crowd, seconds: float) -> list[Answer]:
    """What the others were answered."""
    begin = len(others.answers)
    await asyncio.gather(others.ask_for(seconds), *([needs.ask_for(seconds)] if needs else []))
    return others.answers[begin:]


def _finding(pairs: list[Beside], hung: list[Answer], seconds: float, rate: float) -> Finding:
    first = min((each.began for each in hung), default=0.0)
    late = [each for each in hung if each.began > first + OPENS_WITHIN]
    quick = sum(each.status == 503 and each.ended - each.began < 1.0 for each in late)
    note = f"Legacy hangs for {seconds:g} s at {rate:g} requests a second, half of which need it."
    refused = Check(
        sentence=f"{OPENS_WITHIN:.0f} s later 99 of 100 that need it are refused within a second",
        holds=quick >= 0.99 * len(late),
        seen=f"{quick:,} of {len(late):,}",
    )
    found = table("Callers who need no legacy, while it hangs", pairs, (note,))
    return Finding(suite="hung", tables=(found,), checks=(refused, *checks(pairs, MOST)))


@asynccontextmanager
async def _systems() -> AsyncIterator[Systems]:
    listen, admin, port = free_port(), free_port(), free_port()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holds-")))
        site = Site(folder=folder, listen=listen, admin=admin, legacy=port, new=port)
        legacy = await stack.enter_async_context(upstream_at("127.0.0.2", port, folder))
        await stack.enter_async_context(upstream_at("127.0.0.3", port, folder))
        await stack.enter_async_context(running(launch_banyan(site, _ROUTES)))
        yield Systems(port=listen, legacy=legacy)
