"""Two judges and many operators on the same routes: whatever comes together, the history keeps the rules.

Sixteen ramped routes, some in groups, on two replicas over one PostgreSQL. Operators give an order every 0 to 50 ms,
new fails now and then, and the judge that leads is paused beyond its lease. Afterwards all moves, read through the API,
are held against the rules (`history.py`) and against what each operator was told (`answers.py`).
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
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bench.table import Table
from holds.finding import Check, Finding
from holds.moving.answers import answers
from holds.moving.history import SHADOW, Moved, Routes, Stands, read, verb_of
from holds.moving.operators import TENANTS, Operators, place_of
from holds.progress import Bar, bar
from tests.e2e.program import Program
from tests.e2e.replicas import TOKEN, System, postgres, replicas, systems

GROUPS = {"r00": "g", "r01": "g", "r02": "g", "r03": "h", "r04": "h"}
NAMES = tuple(f"r{number:02}" for number in range(16))
STEPS = (0.2, 0.4, 0.6, 0.8)
IN_MOTION = 6
READS_EVERY, PAGE = 2.0, 1000
TROUBLE_EVERY, FAILS_FOR, SLEEPS_FOR = 10.0, 3.0, 5.0
"""Seconds: between two troubles, for which new fails, and for which the leader is paused: longer than its lease."""
_NEEDS = "{ compared: 3, mismatch_rate: 90%, coverage: 100%, incomparable: 100%, requests: 1, capacity: false }"


def routes_text() -> str:
    """The file from behind `routes:` on. New's failures are the guard's and the breaker's, and no differences."""
    lines = []
    for name in NAMES:
        group = f"\n    group: {GROUPS[name]}" if name in GROUPS else ""
        lines.append(f"""\
  - name: {name}
    match: GET /{name}/{{id}}
    stage: shadow
    cohort: header:X-Tenant-Id
    shadow: {{ sample: 100% }}
    compare: {{ ignore: [{{ path: status, reason: it fails on purpose, owner: us, until: never, kinds: [status] }}] }}
    guard: {{ one_way_door: retired }}
    ramp: {{ steps: [20%, 40%, 60%, 80%], soak: 1s, hold: 1s, needs: {_NEEDS} }}{group}
""")
    return "".join(lines) + f"guard: {{ in_motion: {IN_MOTION} }}\n"


@dataclass(slots=True, kw_only=True)
class Arena:
    """Everybody who takes part; `until` by the monotonic clock. `moves`: each that was read, by route and version."""

    banyans: list[Program]
    new: System
    operators: Operators
    dice: random.Random
    until: float
    moves: dict[tuple[str, int], Moved] = field(default_factory=dict)
    pauses: int = 0

    @property
    def is_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.until


async def measure(seconds: float, operators: int, rate: float, seed: int) -> Finding:
    """All of it on replicas of their own."""
    os.environ["BANYAN_ADMIN_TOKEN"] = TOKEN
    with tempfile.TemporaryDirectory(prefix="holds-") as folder, bar("race", seconds) as shown:
        async with _arena(Path(folder), seconds, seed) as arena:
            async with asyncio.TaskGroup() as tasks:
                for number in range(operators):
                    dice = random.Random(f"{seed} {number}")
                    tasks.create_task(arena.operators.operate(number, arena.until, dice))
                tasks.create_task(_load(arena, rate))
                tasks.create_task(_trouble(arena))
                tasks.create_task(_follow(arena, shown, seconds))
            ends = await _ends(arena)
            await _read(arena)
            return conclude(arena, ends, seconds, operators)


@asynccontextmanager
async def _arena(folder: Path, seconds: float, seed: int) -> AsyncIterator[Arena]:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(postgres())
        legacy, new = await stack.enter_async_context(systems("same", "same"))
        text = routes_text()
        banyans = await stack.enter_async_context(
            replicas(folder, server.address, text, legacy=legacy.port, new=new.port, count=2)
        )
        limits = aiohttp.ClientTimeout(total=30.0)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=limits)
        )
        operators = Operators(banyans=banyans, names=NAMES, session=session)
        until = time.monotonic() + seconds
        yield Arena(banyans=banyans, new=new, operators=operators, dice=random.Random(seed), until=until)


# -- what happens meanwhile --------------------------------------------------------------------------------------------


async def _load(arena: Arena, rate: float) -> None:
    """Requests that never come again, so that each is evidence; over both replicas."""
    dice, clients = random.Random(arena.dice.random()), 8

    async def client() -> None:
        while arena.is_on:
            began, banyan = time.monotonic(), dice.choice(arena.banyans)
            url = f"{banyan.url}/{dice.choice(NAMES)}/{dice.randrange(10**9)}"
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with arena.operators.session.get(
                    url, headers={"X-Tenant-Id": str(dice.randrange(TENANTS))}
                ) as answer:
                    await answer.read()
            await asyncio.sleep(max(0.0, clients / rate - (time.monotonic() - began)))

    await asyncio.gather(*(client() for _ in range(clients)))


async def _trouble(arena: Arena) -> None:
    """In turn: new fails for everybody, and the judge that leads is paused, so that the other one leads."""
    turn = 0
    while arena.until - time.monotonic() > TROUBLE_EVERY + SLEEPS_FOR:
        await asyncio.sleep(TROUBLE_EVERY)
        turn += 1
        if turn % 2:
            arena.new.failing = 1.0
            await asyncio.sleep(FAILS_FOR)
            arena.new.failing = 0.0
        else:
            await _pause(arena)


async def _pause(arena: Arena) -> None:
    for banyan in arena.banyans:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(5.0):
                page: Any = await banyan.api()
            if page["standing"]["leads"]:
                pid = banyan.child("control")
                os.kill(pid, signal.SIGSTOP)
                try:
                    await asyncio.sleep(SLEEPS_FOR)
                finally:
                    os.kill(pid, signal.SIGCONT)
                arena.pauses += 1
                return


async def _follow(arena: Arena, shown: Bar, seconds: float) -> None:
    while arena.is_on:
        await asyncio.sleep(min(READS_EVERY, max(0.0, arena.until - time.monotonic())))
        await _read(arena)
        done = seconds - max(0.0, arena.until - time.monotonic())
        shown.to(done, f"{len(arena.operators.told)} answers, {len(arena.moves)} moves")


async def _read(arena: Arena) -> None:
    """The last thousand moves; there are never so many between two looks."""
    for banyan in arena.banyans:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(10.0):
                page: Any = await banyan.api(f"/api/transitions?limit={PAGE}")
            found = {(each["route"], each["version"]): _moved(each) for each in reversed(page["transitions"])}
            arena.moves |= {key: each for key, each in found.items() if key not in arena.moves}
            return


def _moved(each: Mapping[str, Any]) -> Moved:
    return Moved(
        route=each["route"],
        version=each["version"],
        start=place_of(each["from"]),
        end=place_of(each["to"]),
        actor=each["actor"],
        reason=each["reason"],
        cause=each["cause"],
    )


async def _ends(arena: Arena) -> list[dict[str, Stands]]:
    """Where each replica says that the routes stand."""
    found = []
    for banyan in arena.banyans:
        page: Any = await banyan.api()
        found.append({each["name"]: _stands(each["runs"]) for each in page["routes"] if each["name"] in NAMES})
    return found


def _stands(runs: Mapping[str, Any]) -> Stands:
    version, latched, held = runs.get("version", 0), runs.get("latched", False), runs.get("held", False)
    return Stands(place=place_of(runs), version=version, latched=latched, held=held)


# -- the outcome -------------------------------------------------------------------------------------------------------


def conclude(arena: Arena, ends: list[dict[str, Stands]], seconds: float, operators: int) -> Finding:
    """Tables and verdicts."""
    moves, told = list(arena.moves.values()), arena.operators.told
    routes = Routes(file=SHADOW, steps=STEPS, groups=GROUPS, in_motion=IN_MOTION)
    reading = read(moves, routes)
    lies = answers(told, moves, reading)
    apart = [
        f"replica {number}: {name} is said to be {stands}, and {reading.stood.get((name, stands.version))} is recorded"
        for number, each in enumerate(ends)
        for name, stands in each.items()
        if stands != reading.stood.get((name, stands.version))
    ]
    by_judge = [each for each in moves if each.is_judge]
    up = [each for each in by_judge if each.end[0] != "shadow"]
    checks = (
        _none("no move breaks a rule: latch, hold, step, group, motion, version", reading.broken, len(moves)),
        _none("each answer is what was recorded", lies, len(told)),
        _none("both replicas say what was recorded", apart, 2 * len(NAMES)),
        Check(sentence="the judge went up and back", holds=0 < len(up) < len(by_judge), seen=_seen(by_judge, up)),
    )
    statuses = tuple((what, f"{times}") for what, times in sorted(arena.operators.statuses.items()))
    causes = Counter("judge" if each.is_judge else verb_of(each) or each.actor for each in moves)
    made = tuple((who, f"{times}") for who, times in sorted(causes.items()))
    title = f"{operators} operators for {seconds:g} s: orders and what was answered"
    return Finding(
        suite="race",
        tables=(
            Table(title=title, columns=("order: status", "times"), rows=statuses),
            Table(title=f"Moves; the leader was paused {arena.pauses} times", columns=("by", "times"), rows=made),
        ),
        checks=checks,
        notes=tuple([*reading.broken, *lies, *apart][:60]),
    )


def _none(sentence: str, broken: list[str], of: int) -> Check:
    return Check(sentence=sentence, holds=not broken, seen=f"{len(broken)} of {of}")


def _seen(by_judge: list[Moved], up: list[Moved]) -> str:
    return f"{len(up)} steps up, {len(by_judge) - len(up)} back"
