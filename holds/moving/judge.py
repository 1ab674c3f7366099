"""Two replicas over one PostgreSQL while judges, the database and the clocks go wrong: what stands, stands.

Each round does one mischief, gives an operator's order meanwhile, ends the mischief, and then looks at both replicas:
at what their API says, and at who answers their clients.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bench.errors import BenchError
from bench.table import Table
from holds.finding import Check, Finding
from holds.moving.clock import TAKEN_AFTER, Clock, library
from holds.progress import bar
from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.program import Program
from tests.e2e.replicas import TOKEN, post, postgres, replicas, systems

BOUND = 2.0
"""Seconds for which replicas may disagree after recovery."""
CALM = 0.5
RECOVERY = 60.0
HOUR = 3600
ROUTES = """\
  - { name: moved, match: /moved/**, stage: canary, split: 100%, cohort: "header:X-Tenant-Id" }
  - name: climbs
    match: /climbs/**
    stage: canary
    split: 1%
    cohort: "header:X-Tenant-Id"
    shadow: { sample: 0% } # so that there is never evidence
    ramp: { hold: 1s, soak: 1s, needs: { requests: 0, capacity: false } }
  - { name: latched, match: /latched/**, stage: canary, split: 100%, cohort: "header:X-Tenant-Id" }
"""


@dataclass(slots=True)
class Diary:
    """What was done and seen. `apart` are seconds of disagreement after each recovery."""

    done: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    apart: list[float] = field(default_factory=list)
    lost_latches: int = 0
    steps_forward: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everybody who takes part."""

    banyans: list[Program]
    server: Embedded
    dice: random.Random
    clocks: list[Clock]
    diary: Diary = field(default_factory=Diary)

    async def leader(self) -> Program:
        """The replica that judges, or any."""
        for each in self.banyans:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with asyncio.timeout(2.0):
                    page: Any = await each.api()
                if page["standing"]["leads"]:
                    return each
        return self.banyans[0]


async def measure(rounds: int, seed: int) -> Finding:
    """All rounds on replicas of their own."""
    os.environ["BANYAN_ADMIN_TOKEN"] = TOKEN
    with tempfile.TemporaryDirectory(prefix="holds-") as folder:
        async with _stage(Path(folder), seed) as stage:
            with bar("judge", rounds) as shown:
                for _ in range(rounds):
                    await _round(stage)
                    shown.step()
            await _look_back(stage)
            return conclude(rounds, seed, stage.diary)


@asynccontextmanager
async def _stage(folder: Path, seed: int) -> AsyncIterator[Stage]:
    async with postgres(durable=True) as server, systems("legacy", "new") as (legacy, new):
        fake = library()
        clocks = [Clock(fake, folder / f"clock{number}") for number in range(2)] if fake else []
        environments = [clock.environment for clock in clocks]
        async with replicas(
            folder, server.address, ROUTES, legacy=legacy.port, new=new.port, count=2, environments=environments
        ) as banyans:
            stage = Stage(banyans=banyans, server=server, dice=random.Random(seed), clocks=clocks)
            if not clocks:
                stage.diary.notes.append("no clock was moved: libfaketime is not here (apt-get install faketime)")
            await _recovered(stage)
            status, _ = await post(banyans[0], "/api/routes/latched/rollback", reason="must stay back")
            if status != 200:
                raise BenchError("the first rollback was refused")
            yield stage


# -- mischief ----------------------------------------------------------------------------------------------------------


async def _round(stage: Stage) -> None:
    name, mischief = stage.dice.choice(sorted((MISCHIEF | CLOCKS if stage.clocks else MISCHIEF).items()))
    stage.diary.done[name] += 1
    ordering = asyncio.ensure_future(_order(stage))
    await mischief(stage)
    await ordering
    await _recovered(stage)
    stage.diary.apart.append(await _apart(stage, name))


async def _order(stage: Stage) -> None:
    """An operator, at a moment and a replica of chance."""
    await asyncio.sleep(stage.dice.uniform(0.0, 1.0))
    banyan, verb = stage.dice.choice(stage.banyans), stage.dice.choice(["rollback", "resume", "hold"])
    try:
        async with asyncio.timeout(6.0):
            status, body = await post(banyan, f"/api/routes/moved/{verb}", reason="chaos")
    except (aiohttp.ClientError, TimeoutError):
        stage.diary.orders["no answer"] += 1
        return
    here = status == 200 and not body["everywhere"]
    stage.diary.orders["here alone" if here else {200: "made", 409: "refused", 503: "store away"}[status]] += 1


def _control_of(banyan: Program) -> int:
    return banyan.child("control")


async def _kill_judge(stage: Stage) -> None:
    _signal(_control_of(await stage.leader()), signal.SIGKILL)
    await asyncio.sleep(stage.dice.uniform(0.2, 1.0))


async def _pause_judge(stage: Stage) -> None:
    pid = _control_of(await stage.leader())
    await _paused(pid, stage.dice.uniform(1.0, 7.0))


async def _pause_other(stage: Stage) -> None:
    leader = await stage.leader()
    other = next(each for each in stage.banyans if each is not leader)
    await _paused(_control_of(other), stage.dice.uniform(1.0, 7.0))


async def _stop_database(stage: Stage) -> None:
    await stage.server.stop()
    await asyncio.sleep(stage.dice.uniform(0.2, 4.0))
    await stage.server.start()


async def _kill_database(stage: Stage) -> None:
    stage.server.server.send(signal.SIGKILL)
    await asyncio.sleep(stage.dice.uniform(0.2, 2.0))
    await stage.server.stop()
    await stage.server.start()


async def _freeze_database(stage: Stage) -> None:
    """It hangs: connections stay, and nothing is answered."""
    pids = _family(stage.server.server.pid or 0)
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    await asyncio.sleep(stage.dice.uniform(1.0, 5.0))
    for pid in pids:
        _signal(pid, signal.SIGCONT)


async def _pause_judge_and_stop_database(stage: Stage) -> None:
    pid = _control_of(await stage.leader())
    await asyncio.gather(_paused(pid, stage.dice.uniform(1.0, 6.0)), _stop_database(stage))


async def _kill_workers(stage: Stage) -> None:
    banyan = stage.dice.choice(stage.banyans)
    for name in ("worker-0", "worker-1"):
        _signal(banyan.child(name), signal.SIGKILL)
    await asyncio.sleep(0.2)


async def _move_clock(stage: Stage) -> None:
    """An hour to or fro; it stays there, so that what follows meets two clocks that disagree."""
    clock = stage.dice.choice(stage.clocks)
    clock.move(stage.dice.choice([each for each in (-HOUR, 0, HOUR) if each != clock.offset]))
    await asyncio.sleep(TAKEN_AFTER)


async def _move_clock_and_pause_judge(stage: Stage) -> None:
    await asyncio.gather(_move_clock(stage), _pause_judge(stage))


MISCHIEF: dict[str, Callable[[Stage], Coroutine[Any, Any, None]]] = {
    "judge killed": _kill_judge,
    "judge paused": _pause_judge,
    "other control paused": _pause_other,
    "database restarted": _stop_database,
    "database killed": _kill_database,
    "database frozen": _freeze_database,
    "judge paused, database restarted": _pause_judge_and_stop_database,
    "workers killed": _kill_workers,
}


CLOCKS: dict[str, Callable[[Stage], Coroutine[Any, Any, None]]] = {
    "a clock moved by an hour or two": _move_clock,
    "a clock moved, judge paused": _move_clock_and_pause_judge,
}


async def _paused(pid: int, seconds: float) -> None:
    _signal(pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    _signal(pid, signal.SIGCONT)


def _signal(pid: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, what)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [pid, *(int(each) for each in children.read_text().split())] if children.exists() else []


# -- looking -----------------------------------------------------------------------------------------------------------


async def _recovered(stage: Stage) -> None:
    """Every control answers, has the store and a full set of workers, and somebody judges."""
    deadline = time.monotonic() + RECOVERY
    while True:
        pages = [await _page(each) for each in stage.banyans]
        if all(page is not None for page in pages) and _is_well([page for page in pages if page is not None]):
            return
        if time.monotonic() > deadline:
            raise BenchError(f"not well again after {RECOVERY:g} s: {[page and page['standing'] for page in pages]}")
        await asyncio.sleep(0.02)


def _is_well(pages: list[dict[str, Any]]) -> bool:
    serving = all(len([each for each in page["workers"] if each["serves_current"]]) == 2 for page in pages)
    return serving and all(not page["standing"]["away"] for page in pages)


async def _page(banyan: Program) -> dict[str, Any] | None:
    try:
        async with asyncio.timeout(2.0):
            return await banyan.api()
    except (aiohttp.ClientError, TimeoutError):
        return None


async def _apart(stage: Stage, mischief: str) -> float:
    """Seconds until both say and do the same, and go on doing so for a while."""
    began, agreed_at = time.monotonic(), 0.0
    while True:
        views = [await _view(each) for each in stage.banyans]
        now = time.monotonic()
        if any(view != views[0] for view in views) or views[0] is None:
            agreed_at = 0.0
        elif not agreed_at:
            agreed_at = now
        if agreed_at and now - agreed_at > CALM:
            _note_latch(stage, views[0], mischief)
            return max(agreed_at - began, 0.0)
        if now - began > 30.0:
            stage.diary.notes.append(f"after {mischief}: {views}")
            return now - began
        await asyncio.sleep(0.02)


def _note_latch(stage: Stage, view: View | None, mischief: str) -> None:
    if view is None or view.latched[2] is not True or view.served[2] != "legacy":
        stage.diary.lost_latches += 1
        stage.diary.notes.append(f"latch lost after {mischief}: {view}")


@dataclass(frozen=True, slots=True)
class View:
    """What one replica says of the three routes, and who answers its clients there."""

    places: tuple[tuple[str, float], ...]
    latched: tuple[bool, ...]
    served: tuple[str, ...]


async def _view(banyan: Program) -> View | None:
    page = await _page(banyan)
    if page is None:
        return None
    routes = page["routes"]
    served = [await _served(banyan, route["name"]) for route in routes]
    return View(
        tuple((route["runs"]["stage"], route["runs"]["split"]) for route in routes),
        tuple(bool(route["runs"].get("latched")) for route in routes),
        tuple(served),
    )


async def _served(banyan: Program, route: str) -> str:
    """By whom one tenant is served, on connections of their own: every worker has its share."""
    found = set()
    for _ in range(3):
        try:
            headers = {"X-Tenant-Id": "one"}
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.get(f"{banyan.url}/{route}/x") as answer,
            ):
                found.add(await answer.text())
        except aiohttp.ClientError as error:
            found.add(type(error).__name__)
    return " and ".join(sorted(found))


async def _look_back(stage: Stage) -> None:
    """Every move that was recorded: none of the judge's goes forward, for there was no evidence."""
    found: Any = await stage.banyans[0].api("/api/transitions?limit=1000")
    for each in found["transitions"]:
        goes = each["from"] != each["to"]  # a ramp's first position leads nowhere
        if goes and (each["route"] == "climbs" or (each["cause"] == "evidence" and each["to"]["stage"] != "shadow")):
            stage.diary.steps_forward.append(f"{each['route']}: {each['from']} to {each['to']} by {each['cause']}")
        if each["route"] == "latched" and each["version"] > 1:
            stage.diary.lost_latches += 1


def conclude(rounds: int, seed: int, diary: Diary) -> Finding:
    """Tables and verdicts."""
    apart = sorted(diary.apart)
    median, worst = apart[len(apart) // 2], apart[-1]
    rows = tuple((what, f"{times}") for what, times in sorted(diary.done.items()))
    orders = tuple((what, f"{times}") for what, times in sorted(diary.orders.items()))
    checks = (
        Check(
            sentence=f"replicas disagree for at most {BOUND:g} s after recovery",
            holds=worst <= BOUND,
            seen=f"median {median:.2f} s, at most {worst:.2f} s",
        ),
        Check(
            sentence="no step forward without evidence",
            holds=not diary.steps_forward,
            seen=f"{len(diary.steps_forward)} steps",
        ),
        Check(sentence="no latch is lost", holds=not diary.lost_latches, seen=f"{diary.lost_latches} lost"),
    )
    return Finding(
        suite="judge",
        tables=(
            Table(title=f"{rounds} rounds, seed {seed}", columns=("mischief", "times"), rows=rows),
            Table(title="Orders of an operator meanwhile", columns=("what became of them", "times"), rows=orders),
        ),
        checks=checks,
        notes=(*diary.notes, *diary.steps_forward),
    )
