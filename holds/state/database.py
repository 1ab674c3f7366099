"""PostgreSQL killed, frozen, slow and full under load: no request is affected, lost evidence is counted, it recovers.

One Banyan with two workers and `state: postgresql://…`, two routes that are shadowed whole, and a third whose answers
make more evidence than may wait: it is asked only while PostgreSQL is killed. Nobody tells Banyan anything.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from bench.errors import BenchError
from bench.machine import free_ports
from holds.asking import Ask, Asker
from holds.endurance import mischief
from holds.endurance.aftermath import metric
from holds.family import Family, Log
from holds.finding import Finding
from holds.fixtures import Site, launch_banyan
from holds.launching import Launch, end, running, start, until_listening
from holds.progress import Bar, bar
from holds.state import differing
from holds.state.outages import Database, database, take_mounts_of_our_own, until_grown
from holds.state.reckoning import Books, Stretch, conclude, readings

ROUTES = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
workers: 2
state: "@STATE@"
upstreams:
  legacy: { url: "http://127.0.0.1:@LEGACY@" }
  new: { url: "http://127.0.0.1:@NEW@" }
routes:
  - { name: watched, match: "/watched/{id}", stage: shadow, shadow: { sample: 100% } }
  - { name: split, match: "/split/{id}", stage: canary, split: 50%, cohort: "header:X-Ask", shadow: { sample: 100% } }
  - { name: flood, match: "/flood/{id}", stage: shadow, shadow: { sample: 100%, second: 0% } }
"""
ASKS = (Ask("GET", "watched"), Ask("GET", "split"))
SLOW, TOO_SLOW = 0.05, 1.0
"""Seconds by which each piece is late: within Banyan's patience for a transaction, and beyond it."""
FLOWS, CAUGHT_UP = 30.0, 120.0
"""Seconds within which evidence must flow again, and nothing may wait any more."""
_SHARES = {
    "calm": 0.15,
    "killed": 0.15,
    "frozen": 0.15,
    "slow": 0.15,
    "too slow": 0.15,
    "full": 0.15,
    "calm again": 0.1,
}

Trouble = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(slots=True, kw_only=True)
class Stage:
    """All who take part."""

    seconds: float
    admin: int
    asker: Asker
    flood: Asker
    family: Family
    data: Database
    drawn: Bar
    stretches: list[Stretch] = field(default_factory=list)


async def measure(seconds: float, rate: float, flood: float) -> Finding:
    """All stretches, which together take so long; recoveries come on top."""
    if not mischief.may_mount():
        raise BenchError("filling a disk needs a mount of its own: run this as root, with the right to unshare -m")
    take_mounts_of_our_own()
    with tempfile.TemporaryDirectory(prefix="holds-") as name, bar("database", seconds) as drawn:
        async with AsyncExitStack() as stack:
            stage = await _begin(stack, Path(name), drawn, seconds, (rate, flood))
            await _everything(stage)
            asked = [*stage.asker.answers, *stage.flood.answers]
            return conclude(stage.stretches, asked, await _settle(stage), stage.family.lost)


async def _begin(stack: AsyncExitStack, folder: Path, drawn: Bar, seconds: float, rates: tuple[float, float]) -> Stage:
    data = await stack.enter_async_context(database(folder))
    listen, admin, legacy, new = free_ports(4)
    for name, port in (("legacy", legacy), ("new", new)):
        argv = (sys.executable, "-m", "holds.state.differing", name, str(port))
        await stack.enter_async_context(running(Launch(label=name, argv=argv, folder=folder / "up", ports=(port,))))
    site = Site(folder=folder / "site", listen=listen, admin=admin, legacy=legacy, new=new)
    log = Log()
    launch = launch_banyan(site, ROUTES.replace("@STATE@", data.address), output=log.writing)
    process = start(launch)
    log.begin()
    stack.push_async_callback(end, process)
    await until_listening(launch, process)
    family = Family(process.pid, log)
    await family.until_known()
    asker, flood = (
        Asker(listen, asks, rate, belongs=differing.belongs)
        for asks, rate in zip((ASKS, (Ask("GET", "flood"),)), rates, strict=True)
    )
    return Stage(seconds=seconds, admin=admin, asker=asker, flood=flood, family=family, data=data, drawn=drawn)


async def _everything(stage: Stage) -> None:
    load = asyncio.ensure_future(stage.asker.ask_for(float("inf")))
    data = stage.data
    troubles: dict[str, Trouble] = {
        "killed": data.killed,
        "frozen": data.frozen,
        "slow": lambda: data.slow(SLOW),
        "too slow": lambda: data.slow(TOO_SLOW),
        "full": data.full,
    }
    try:
        for name, share in _SHARES.items():
            await _stretch(stage, name, share * stage.seconds, troubles.get(name, nullcontext))
    finally:
        stage.asker.enough()
        await load


async def _stretch(stage: Stage, name: str, seconds: float, trouble: Trouble) -> None:
    """The trouble, and then the wait until evidence flows again and nothing waits."""
    began = time.monotonic()
    async with trouble():
        flood = asyncio.ensure_future(stage.flood.ask_for(seconds if name == "killed" else 0.0))
        await asyncio.sleep(seconds)
        await flood
        ended = time.monotonic()
        waiting = await metric(stage.admin, "banyan_evidence_waiting_records")
    over = time.monotonic()
    flows = await until_grown(stage.data, sum((await stage.data.tallies()).values()), FLOWS)
    stage.family.look()
    stretch = Stretch(
        name=name,
        began=began,
        ended=ended,
        waiting=round(waiting),
        flows=flows,
        caught_up=await _until_none_waits(stage, over),
        lost=round(await metric(stage.admin, "banyan_evidence_lost_total")),
    )
    stage.stretches.append(stretch)
    stage.drawn.say(f"{name}: {stretch.waiting:,} waited, flows after {flows}, caught up after {stretch.caught_up}")
    stage.drawn.to(sum(each.ended - each.began for each in stage.stretches))


async def _until_none_waits(stage: Stage, began: float) -> float | None:
    """Seconds until all that was found is in the database at one moment; None when that does not come in time."""
    while (took := time.monotonic() - began) < CAUGHT_UP:
        if await metric(stage.admin, "banyan_evidence_waiting_records") == 0:
            return took
        await asyncio.sleep(0.1)
    return None


async def _settle(stage: Stage) -> Books:
    """What everybody says when nobody asks any more and nothing waits; taken when it has stood still for a while."""
    before, still = None, 0
    deadline = time.monotonic() + CAUGHT_UP
    while still < 4 and time.monotonic() < deadline:
        now = (await readings(stage.admin), await stage.data.tallies())
        still = still + 1 if now == before and now[0].waiting == 0 else 0
        before = now
        await asyncio.sleep(1.0)
    stage.family.look()
    read, stored = before or (await readings(stage.admin), await stage.data.tallies())
    return Books(read=read, stored=stored, no_room=stage.data.no_room, ended_by_itself=stage.data.ended_by_itself)
