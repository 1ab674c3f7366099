"""Rolling restarts under keep-alive load: SIGUSR2 again and again, and not one request fails."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bench import procfs
from bench.errors import BenchError
from bench.machine import free_ports
from bench.table import Table
from holds.asking import Ask, Asker, percentile
from holds.endurance.mischief import System
from holds.endurance.sorting import executed_twice
from holds.family import Log
from holds.finding import Check, Finding
from holds.fixtures import Site, launch_banyan
from holds.launching import end, start, until_listening
from holds.progress import Bar, bar

ROUTES = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
workers: 2
drain: 10s
upstreams:
  legacy: { url: "http://127.0.0.1:@LEGACY@" }
  new: { url: "http://127.0.0.1:@NEW@" }
routes:
  - { name: legacy, match: "/legacy/{id}", stage: legacy }
  - { name: new, match: "/new/{id}", stage: live }
"""
ASKS = tuple(Ask(method, route) for route in ("legacy", "new") for method in ("GET", "POST"))
HANDOVER_SECONDS = 30.0
PAUSE = 0.3
"""Seconds of calm between two restarts."""


async def measure(times: int, rate: float) -> Finding:
    """Restart so often while the load goes on."""
    with tempfile.TemporaryDirectory(prefix="holds-") as name:
        folder = Path(name)
        listen, admin, legacy, new = free_ports(4)
        site = Site(folder=folder / "site", listen=listen, admin=admin, legacy=legacy, new=new)
        log = Log()
        launch = launch_banyan(site, ROUTES, output=log.writing)
        systems = (System("legacy", legacy, folder), System("new", new, folder))
        async with AsyncExitStack() as stack:
            for system in systems:
                await system.begin()
                stack.push_async_callback(system.end)
            process = start(launch)
            log.begin()
            line = Dynasty(process, log)
            stack.push_async_callback(line.end)
            await until_listening(launch, process)
            asker = Asker(listen, ASKS, rate)
            with bar("restarts", times) as drawn:
                took = await _restart(line, asker, times, drawn)
            executed = [each for system in systems for each in system.lines]
        return _finding(asker, took, executed)


class Dynasty:
    """A program and its successors."""

    def __init__(self, process: subprocess.Popen[bytes], log: Log) -> None:
        self._first = process
        self._log = log
        self._heirs = [process.pid]

    async def hand_over(self) -> float:
        """One restart; the seconds until the old generation has gone."""
        began = time.monotonic()
        generation = len(self._heirs)
        old = self._heirs[-1]
        os.kill(old, signal.SIGUSR2)
        while len(self._log.named("taking_over")) < generation or _lives(old):
            if time.monotonic() - began > HANDOVER_SECONDS:
                raise BenchError(f"restart {generation} had not ended after {HANDOVER_SECONDS:.0f} s")
            await asyncio.sleep(0.02)
        self._heirs.append(int(str(self._log.named("successor_started")[-1]["pid"])))
        return time.monotonic() - began

    async def end(self) -> None:
        """The last of the line, and whoever is left."""
        for pid in self._heirs:
            if _lives(pid):
                os.kill(pid, signal.SIGTERM)
        await end(self._first)


def _lives(pid: int) -> bool:
    try:
        return procfs.parse_stat((procfs.PROC / str(pid) / "stat").read_text()).state not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def _restart(line: Dynasty, asker: Asker, times: int, drawn: Bar) -> list[float]:
    load = asyncio.ensure_future(asker.ask_for(float("inf")))
    took = []
    await asyncio.sleep(1)
    for _ in range(times):
        took.append(await line.hand_over())
        drawn.step(f"{len(asker.answers):,} answers, {sum(1 for each in asker.answers if each.trouble)} failed")
        await asyncio.sleep(PAUSE)
    asker.enough()
    await load
    return took


def _finding(asker: Asker, took: list[float], executed: list[str]) -> Finding:
    failed = [each for each in asker.answers if each.trouble]
    last = sum(each.last for each in asker.answers)
    twice = executed_twice(executed)
    table = Table(
        title=f"{len(took)} rolling restarts",
        columns=("", ""),
        rows=(
            ("requests", f"{len(asker.answers):,}"),
            ("failed", f"{len(failed):,}"),
            ("answers that said `Connection: close`", f"{last:,}"),
            ("from SIGUSR2 to the end of the old generation, median s", f"{sorted(took)[len(took) // 2]:.2f}"),
            ("answered within, 99 %, ms", f"{percentile(asker.answers, 0.99) * 1000:.0f}"),
        ),
    )
    checks = (
        Check(sentence="no request failed", holds=not failed, seen=f"{len(failed)} of {len(asker.answers):,}"),
        Check(sentence="nothing was executed twice", holds=not twice, seen=f"{len(twice)} twice"),
    )
    notes = [
        json.dumps([each.number, each.ask, each.status, each.trouble, each.reused, each.detail]) for each in failed
    ]
    return Finding(suite="restarts", tables=(table,), checks=checks, notes=tuple(notes[:60]))
