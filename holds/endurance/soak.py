"""Load for minutes while everything goes wrong around it: no request fails without an excuse, and memory stays flat."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from bench.errors import BenchError
from bench.machine import free_ports
from holds.asking import Ask, Asker
from holds.endurance import mischief
from holds.endurance.aftermath import Stage, conclude, settle
from holds.endurance.mischief import Pace, System
from holds.family import Family, Log
from holds.finding import Finding
from holds.fixtures import Site, launch_banyan
from holds.launching import end, start, until_listening
from holds.progress import Bar, bar

ROUTES = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
workers: 3
upstreams:
  legacy: { url: "http://127.0.0.1:@LEGACY@" }
  new: { url: "http://127.0.0.1:@NEW@" }
routes:
  - { name: legacy, match: "/legacy/{id}", stage: legacy }
  - { name: new, match: "/new/{id}", stage: live }
  - { name: split, match: "/split/{id}", stage: canary, split: 50%, cohort: "header:X-Ask" }
"""
ASKS = tuple(Ask(method, route) for route in ("legacy", "new", "split", "legacy") for method in ("GET", "POST"))


async def measure(seconds: float, rate: float) -> Finding:
    """Play it for so long."""
    if not mischief.may_mount():
        raise BenchError("filling a disk needs a mount of its own: run this as root, with the right to unshare -m")
    with tempfile.TemporaryDirectory(prefix="holds-") as name:
        return await _play(Path(name), seconds, rate)


async def _play(folder: Path, seconds: float, rate: float) -> Finding:
    listen, admin, legacy, new = free_ports(4)
    systems = (System("legacy", legacy, folder), System("new", new, folder))
    site = Site(folder=folder / "site", listen=listen, admin=admin, legacy=legacy, new=new)
    log = Log()
    launch = launch_banyan(site, ROUTES, output=log.writing)
    routes = folder / "first.yaml"
    routes.write_text((site.folder / "routes.yaml").read_text())
    launch = replace(launch, argv=mischief.on_a_small_disk(site.folder, routes, tuple(launch.argv)), folder=folder)
    async with AsyncExitStack() as stack:
        for system in systems:
            await system.begin()
            stack.push_async_callback(system.end)
        process = start(launch)
        log.begin()
        stack.push_async_callback(end, process)
        await until_listening(launch, process)
        family = Family(process.pid, log)
        await family.until_known()
        stage = Stage(
            seconds=seconds,
            asker=Asker(listen, ASKS, rate),
            family=family,
            systems=systems,
            log=log,
            file=mischief.inside(process.pid, site.folder) / "routes.yaml",
        )
        with bar("soak", seconds) as drawn:
            await _everything(stage, drawn)
        return conclude(stage, await settle(stage.file, routes.read_text(), admin))


async def _everything(stage: Stage, drawn: Bar) -> None:
    seconds, diary = stage.seconds, stage.diary
    pace = Pace(
        edit=0.2,
        kill=min(20.0, seconds / 6),
        restart=min(30.0, seconds / 4),
        control=min(60.0, seconds / 2),
        until=time.monotonic() + seconds,
    )
    spell = min(60.0, seconds / 6)
    async with asyncio.TaskGroup() as group:
        group.create_task(stage.asker.ask_for(seconds))
        group.create_task(mischief.edit(stage.file, stage.file.read_text(), pace, diary))
        group.create_task(mischief.kill_workers(stage.family, pace, diary))
        group.create_task(mischief.kill_control(stage.family, pace, diary))
        group.create_task(mischief.restart(stage.systems, pace, diary))
        group.create_task(mischief.fill_disk(stage.file.parent, seconds * 0.3, spell, diary))
        group.create_task(mischief.block_log(stage.log, seconds * 0.6, spell, diary))
        group.create_task(_watch(stage, pace.until, drawn))


async def _watch(stage: Stage, until: float, drawn: Bar) -> None:
    while (left := until - time.monotonic()) > 0:
        stage.family.weigh()
        failed = sum(1 for each in stage.asker.answers if each.trouble)
        drawn.to(stage.seconds - left, f"{len(stage.asker.answers):,} answers, {failed} failed")
        await asyncio.sleep(1)
