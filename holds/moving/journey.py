"""One fresh start of Banyan, and how far a ramp gets: sides, clients, replicas and database of its own."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from holds.moving.sides import Fault, Side, served
from holds.moving.visits import visiting
from tests.e2e.program import WAITS, Program, free_port, started, text_of
from tests.e2e.replicas import postgres

ROUTE = """\
  - name: orders
    match: {method} /orders/{{id}}
    stage: shadow
    cohort: "header:X-Tenant-Id"
    {more}ramp: {{ hold: {span}, soak: {span}{needs} }}
"""
SPAN = "5s"
DRY = "shadow: { writes: dry_run }\n    "
LOOK_EVERY = 1.0
_LADDER = ("legacy", "shadow", "canary", "live", "complete", "retired")


class State(StrEnum):
    """Where what stands is kept: in control's memory, in a PostgreSQL of its own, in one that two replicas share."""

    MEMORY = "memory"
    EMBEDDED = "embedded"
    POSTGRES = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to start and for how long at most; `rate` in requests a second, `again` the share that comes again."""

    state: State
    seed: int
    minutes: float
    rate: float = 30.0
    again: float = 0.1
    equal: bool = False
    fault: Fault = Fault.NONE


class Place(NamedTuple):
    """A stage's number on the ladder and a split, to be compared; printed as people write it."""

    stage: int
    split: float = 0.0

    @classmethod
    def of(cls, page: dict[str, Any]) -> Place:
        """As the API has it."""
        return cls(_LADDER.index(page["stage"]), float(page["split"]))

    def __str__(self) -> str:
        """`canary 5%`."""
        name = _LADDER[self.stage]
        return f"{name} {self.split * 100:g}%" if name == "canary" else name


SHADOW, FIRST_STEP, LIVE = Place(1), Place(2, 0.01), Place(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """How a start went. `seconds` until live or the end; `highest` place it reached; `back`: moves downwards.

    `waits`: what the judge said at last; `shown`: what it and the differences say to the operator, as text.
    """

    plan: Plan
    seconds: float
    highest: Place
    back: tuple[str, ...]
    waits: tuple[str, ...]
    shown: str
    answers: dict[str, int]

    @property
    def arrived(self) -> bool:
        """Whether it is at live."""
        return self.highest >= LIVE


async def travel(plan: Plan) -> Journey:
    """Start, wait until the route is live or the time is over, end."""
    method = "POST" if plan.fault is Fault.WRITES else "GET"
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holds-")))
        legacy, new = await stack.enter_async_context(
            served(Side(name="legacy", equal=plan.equal), Side(name="new", equal=plan.equal, fault=plan.fault))
        )
        route = ROUTE.format(method=method, span=SPAN, needs="", more=DRY if method == "POST" else "")
        banyans = await stack.enter_async_context(banyan(folder, plan.state, route, legacy=legacy, new=new))
        urls = [each.url for each in banyans]
        counts = await stack.enter_async_context(
            visiting(urls, method=method, rate=plan.rate, again=plan.again, seed=plan.seed)
        )
        began = time.monotonic()
        highest = await _watch(banyans[0], began + plan.minutes * 60.0)
        return await _looked_back(plan, banyans[0], time.monotonic() - began, highest, dict(counts))


@asynccontextmanager
async def banyan(folder: Path, state: State, routes: str, *, legacy: int, new: int) -> AsyncIterator[list[Program]]:
    """The replicas of one start, each with a directory of its own."""
    async with AsyncExitStack() as stack:
        address, count = state.value, 1
        if state is State.POSTGRES:
            address, count = (await stack.enter_async_context(postgres())).address, 2
        found = []
        for number in range(count):
            directory = folder / f"replica{number}"
            directory.mkdir()
            listen, admin = free_port(), free_port()
            keys = f"{WAITS}, dry_run: /-/dry-run"
            text = text_of(routes, listen=listen, admin=admin, legacy=legacy, new=new, keys=keys)
            (directory / "routes.yaml").write_text(text.replace("drain: 10s", f'drain: 2s\nstate: "{address}"'))
            found.append(await stack.enter_async_context(started(directory, listen, admin)))
        yield found


async def _watch(first: Program, until: float) -> Place:
    """The highest place until live, or until then."""
    highest = SHADOW
    while time.monotonic() < until and highest < LIVE:
        await asyncio.sleep(LOOK_EVERY)
        page = await _api(first, "/api/routes/orders")
        highest = max(highest, Place.of(page["runs"])) if page else highest
    return highest


async def _looked_back(plan: Plan, first: Program, seconds: float, highest: Place, answers: dict[str, int]) -> Journey:
    page = await _api(first, "/api/routes/orders")
    moves = (await _api(first, "/api/transitions?route=orders")).get("transitions", [])
    clusters = (await _api(first, "/api/routes/orders/mismatches")).get("clusters", [])
    waits = tuple(page.get("reasons", ()))
    back = [each for each in moves if Place.of(each["to"]) < Place.of(each["from"])]
    return Journey(
        plan=plan,
        seconds=seconds,
        highest=max([highest, *(Place.of(each["to"]) for each in moves)]),
        back=tuple(f"{Place.of(each['from'])} → {Place.of(each['to'])}: {each['reason']}" for each in back),
        waits=waits,
        shown="\n".join([*waits, *map(str, clusters)]),
        answers=answers,
    )


async def _api(first: Program, path: str) -> dict[str, Any]:
    """A page of the API; empty while nobody answers."""
    try:
        async with asyncio.timeout(20.0):
            return await first.api(path)
    except (aiohttp.ClientError, TimeoutError):
        return {}
