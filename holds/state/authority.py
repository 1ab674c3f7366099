"""Authority goes forth and back under writes and reads of two replicas; every fourth time one's control is stopped.

Rule 1: from the answer to an order on, no write may come first to the side that no longer answers, from either replica.
Rule 2: the replica that was ordered reads no thing older than its last acknowledged write of it.
Rule 3: in the end both sides have the same.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench.table import Table
from holds.finding import Check, Finding
from holds.progress import bar
from proxy.store.embedded.embedded_postgres import Embedded
from tests.clerk.journal.side import RecordingSide, serving
from tests.e2e.moves.test_orders import TOKEN, order
from tests.e2e.program import Program, free_port, started, text_of
from tests.waiting import until

ROUTES = """\
  - name: things
    match: PUT,GET /things/{id}
    stage: canary
    split: 100%
    writes: { mode: dual, key: path:id }
"""
AGREE = "applies: /applies, timeout: { connect: 30s, queue: 30s, response: 2m }"
THINGS = 4
"""Of each replica: nobody else writes to them, so that it is known what was acknowledged last."""
PAUSE = 0.01
AFTER = 0.3
"""Seconds of load after each move."""
STOPS_EVERY = 4
_MOST_NOTES = 50


@dataclass(slots=True)
class Seen:
    """What came of it."""

    made: int = 0
    refused: int = 0
    stops: int = 0
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: {"ordered": Counter(), "other": Counter()})
    wrong_side: int = 0
    stale: list[str] = field(default_factory=list)
    reads: int = 0


@dataclass(slots=True)
class Play:
    """Two replicas, of which the first one is ordered, and their sides."""

    replicas: list[Program]
    legacy: RecordingSide
    new: RecordingSide
    seen: Seen = field(default_factory=Seen)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def use(self, name: str, banyan: Program) -> None:
        """Write, and read what was written."""
        number = 0
        async with aiohttp.ClientSession() as session:
            while not self.is_over.is_set():
                number += 1
                url, value = f"{banyan.url}/things/{name}{number % THINGS}", b"%d" % number
                async with session.put(url, data=value) as answer:
                    self.seen.statuses[name][answer.status] += 1
                if answer.status == 200 and name == "ordered":
                    async with session.get(url) as answer:
                        found = await answer.read()
                    self.seen.reads += 1
                    if found != value:
                        self.seen.stale.append(f"{url}: {found!r} after {value!r} was acknowledged")
                await asyncio.sleep(PAUSE)

    async def move(self, number: int) -> None:
        """One order, and what comes to the side that no longer answers after it."""
        stops = number % STOPS_EVERY == STOPS_EVERY - 1
        control = self.replicas[1].child("control")
        verb, was = ("rollback", self.new) if number % 2 == 0 else ("resume", self.legacy)
        if stops:
            os.kill(control, signal.SIGSTOP)
        try:
            while (await order(self.replicas[0], verb, "things"))[0] != 200:
                self.seen.refused += 1
                await asyncio.sleep(AFTER)
            before = len(was.heard)
            await asyncio.sleep(2.0 if stops else AFTER)
            self.seen.wrong_side += sum(not each.replay for each in was.heard[before:])
        finally:
            if stops:
                os.kill(control, signal.SIGCONT)
        self.seen.made += 1
        self.seen.stops += stops

    async def agrees(self) -> bool:
        """Whether both sides have the same."""
        return self.legacy.rows == self.new.rows


async def measure(moves: int) -> Finding:
    """Play all of it."""
    with tempfile.TemporaryDirectory(prefix="banyan-") as name:
        async with _playing(Path(name)) as play:
            users = [
                asyncio.ensure_future(play.use(each, banyan))
                for each, banyan in zip(("ordered", "other"), play.replicas, strict=True)
            ]
            with bar("authority", moves) as shown:
                for number in range(moves):
                    await play.move(number)
                    shown.to(number + 1, f"{play.seen.wrong_side} wrong, {len(play.seen.stale)} stale")
            play.is_over.set()
            await asyncio.gather(*users)
            agrees = await _within_patience(play)
    return _finding(play.seen, agrees=agrees)


async def _within_patience(play: Play) -> bool:
    try:
        await until(play.agrees)
    except TimeoutError:
        return False
    return True


@asynccontextmanager
async def _playing(folder: Path) -> AsyncIterator[Play]:
    database = Embedded(folder / "db", patience=120.0)
    await database.start()
    try:
        async with AsyncExitStack() as stack:
            legacy, new = [await stack.enter_async_context(serving(RecordingSide())) for _ in range(2)]
            found = []
            for number in range(2):
                directory = folder / f"replica{number}"
                directory.mkdir()
                listen, admin = free_port(), free_port()
                text = text_of(
                    ROUTES, listen=listen, admin=admin, legacy=legacy.port, new=new.port, workers=2, keys=AGREE
                )
                (directory / "routes.yaml").write_text(f'{text}state: "{database.address}"\n')
                environment = {"BANYAN_ADMIN_TOKEN": TOKEN}
                found.append(
                    await stack.enter_async_context(started(directory, listen, admin, environment=environment))
                )
            yield Play(found, legacy, new)
    finally:
        await database.stop()


def _finding(seen: Seen, *, agrees: bool) -> Finding:
    rows = (
        ("moves made", str(seen.made)),
        ("with a control stopped", str(seen.stops)),
        ("orders refused, and given again", str(seen.refused)),
        *(
            (f"writes at the {name} replica: {status}", str(count))
            for name, counts in seen.statuses.items()
            for status, count in sorted(counts.items())
        ),
    )
    checks = (
        Check(
            sentence="no write comes first to the side that no longer answers",
            holds=not seen.wrong_side,
            seen=f"{seen.wrong_side} of {sum(sum(counts.values()) for counts in seen.statuses.values())}",
        ),
        Check(
            sentence="no read is older than the last acknowledged write",
            holds=not seen.stale,
            seen=f"{len(seen.stale)} of {seen.reads}",
        ),
        Check(
            sentence="both sides have the same in the end", holds=agrees, seen="the same" if agrees else "they differ"
        ),
    )
    return Finding(
        suite="authority",
        tables=(Table(title="Moves of authority", columns=("", "count"), rows=rows, words=1),),
        checks=checks,
        notes=tuple(seen.stale[:_MOST_NOTES]),
    )
