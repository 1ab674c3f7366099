"""What clients see while Banyan measures: a counter, a link that works once, and a session that polls.

Rule 1: each side has a store of its own; legacy answers, at `shadow` and at `canary` with a split of 0 %.
Rule 2: a client sees what it would see without Banyan: a number that nobody else gets and none left out, a link that
        opens once, every message of its session once and in order.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from bench.table import Table
from holds.finding import Check, Finding
from holds.moving.journey import State, banyan
from holds.moving.sides import listening
from holds.progress import bar

CLIENTS = 1_000
AT_ONCE = 50
MESSAGES = 4
STAGES = ("shadow", "canary")
ROUTES = """\
  - { name: shadow, match: /shadow/**, stage: shadow }
  - { name: canary, match: /canary/**, stage: canary, split: 0% }
"""


@dataclass(slots=True)
class Keeper:
    """One side with its store: counters by path, links that were opened, and where each session is."""

    counters: Counter[str] = field(default_factory=Counter)
    opened: set[str] = field(default_factory=set)
    sessions: dict[str, int] = field(default_factory=dict)
    names: Iterator[int] = field(default_factory=itertools.count)

    async def answer(self, request: web.Request) -> web.Response:
        """By the last part of the path but one: `next`, `link/TOKEN`, `poll`."""
        what = request.path.split("/")[2]
        if what == "next":
            self.counters[request.path] += 1
            return web.json_response({"number": self.counters[request.path]})
        if what == "link":
            first = request.path not in self.opened
            self.opened.add(request.path)
            return web.json_response({"opened": first}, status=200 if first else 410)
        return self._poll(request.query.get("sid"))

    def _poll(self, sid: str | None) -> web.Response:
        """As socket.io's long polling: a session begins without `sid`, and each request takes the next message."""
        if sid is None:
            sid = f"s{next(self.names)}"
            self.sessions[sid] = 0
            return web.json_response({"sid": sid})
        if sid not in self.sessions:
            return web.json_response({"message": "Session ID unknown"}, status=400)
        self.sessions[sid] += 1
        return web.json_response({"message": self.sessions[sid]})


@dataclass(slots=True)
class Seen:
    """What the clients of one stage saw: numbers of the counter, how links and sessions went."""

    numbers: list[int] = field(default_factory=list)
    links: Counter[tuple[int, ...]] = field(default_factory=Counter)
    sessions: Counter[tuple[int, ...]] = field(default_factory=Counter)

    def checks(self, stage: str, clients: int) -> Iterator[Check]:
        """Rule 2."""
        whole = sorted(self.numbers) == list(range(1, clients + 1))
        seen = f"{len(set(self.numbers)):,} numbers, the greatest {max(self.numbers, default=0):,}"
        yield Check(sentence=f"{stage}: the counter gives each client the next number", holds=whole, seen=seen)
        once = self.links == Counter({(200, 410): clients})
        yield Check(sentence=f"{stage}: a link opens once", holds=once, seen=_common(self.links))
        polled = self.sessions == Counter({tuple(range(1, MESSAGES + 1)): clients})
        yield Check(sentence=f"{stage}: a session gets each message once", holds=polled, seen=_common(self.sessions))


def _common(found: Mapping[tuple[int, ...], int]) -> str:
    return "; ".join(
        f"{count:,} × {' '.join(map(str, each))}"
        for each, count in sorted(found.items(), key=lambda each: -each[1])[:3]
    )


async def measure(clients: int = CLIENTS) -> Finding:
    """All clients at both stages, on a fresh start."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holds-")))
        legacy, new = [await stack.enter_async_context(listening(Keeper().answer)) for _ in range(2)]
        banyans = await stack.enter_async_context(banyan(folder, State.MEMORY, ROUTES, legacy=legacy, new=new))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        seen = {stage: Seen() for stage in STAGES}
        with bar("untouched", len(STAGES)) as shown:
            for stage in STAGES:
                await _everybody(session, f"{banyans[0].url}/{stage}", seen[stage], clients)
                shown.step(stage)
    checks = tuple(check for stage in STAGES for check in seen[stage].checks(stage, clients))
    rows = tuple((stage, f"{clients:,}", f"{max(seen[stage].numbers, default=0):,}") for stage in STAGES)
    title = "What clients see while Banyan measures"
    table = Table(title=title, columns=("stage", "clients", "greatest number of the counter"), rows=rows)
    return Finding(suite="untouched", tables=(table,), checks=checks)


async def _everybody(session: aiohttp.ClientSession, url: str, seen: Seen, clients: int) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with room:
            await _client(session, url, seen, number)

    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(one(number))


async def _client(session: aiohttp.ClientSession, url: str, seen: Seen, number: int) -> None:
    """One client: the next number, its link twice, its session."""
    _, body = await _get(session, f"{url}/next")
    seen.numbers.append(int(str(body.get("number", 0))))
    first, _ = await _get(session, f"{url}/link/{number}")
    second, _ = await _get(session, f"{url}/link/{number}")
    seen.links[first, second] += 1
    _, opened = await _get(session, f"{url}/poll?EIO=4&transport=polling")
    got = []
    for _ in range(MESSAGES):
        _, body = await _get(session, f"{url}/poll?EIO=4&transport=polling&sid={opened.get('sid')}")
        got.append(body.get("message", 0))
    seen.sessions[tuple(int(str(each)) if str(each).isdigit() else 0 for each in got)] += 1


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, object]]:
    async with session.get(url) as answer:
        found: dict[str, object] = await answer.json(content_type=None)
        return answer.status, found
