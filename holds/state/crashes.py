"""Dual writes under load while somebody is killed or stopped: who, how, and at which step of a write.

Rule 1: the load never pauses for a fault; what a client is told, and what each side then has, is compared afterwards.
Rule 2: a fault comes at its step: a side tells when a write has come there, and lets it wait for a moment.
Rule 3: whoever was killed is started again, by its supervisor or, sides and database, by this suite; whoever was
        stopped goes on after `STOPPED` seconds.
Rule 4: what Banyan leaves to people is decided as people would: they look at the first side whether it was done.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from pathlib import Path

import aiohttp
import asyncpg

from bench import procfs
from bench.errors import BenchError
from holds.launching import Launch, end, running, start, until_listening
from holds.state.ledger import Step, opened
from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.program import Program, free_port, started
from tests.waiting import until

STOPPED = 2.5
"""Seconds: longer than a request waits for the clerk."""
SETTLES = 60.0
"""Seconds in which something has to leave the journal."""
THINGS = 4
WRITERS = 4
PAUSE = 0.05
"""Seconds between two writes of one writer."""
BETWEEN = 0.5
"""Seconds of load before each fault."""


class Victim(StrEnum):
    """Who is killed or stopped."""

    WORKER = "worker"
    CLERK = "clerk"
    DATABASE = "database"
    LEGACY = "legacy"
    NEW = "new"


class Moment(StrEnum):
    """At which step of a write."""

    BEGUN = "begun"
    FIRST_RECEIVED = "first received"
    FIRST_EXECUTED = "first executed"
    OTHER_RECEIVED = "other received"
    OTHER_EXECUTED = "other executed"


@dataclass(frozen=True, slots=True)
class Fault:
    """One."""

    moment: Moment
    victim: Victim
    kills: bool

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.moment}: {self.victim} {'killed' if self.kills else 'stopped'}"


EVERY_FAULT = tuple(Fault(moment, victim, kills) for moment in Moment for victim in Victim for kills in (True, False))
EACH_STEP_ONCE = (
    Fault(Moment.BEGUN, Victim.CLERK, kills=True),
    Fault(Moment.BEGUN, Victim.DATABASE, kills=True),
    Fault(Moment.BEGUN, Victim.CLERK, kills=False),
    Fault(Moment.FIRST_RECEIVED, Victim.WORKER, kills=True),
    Fault(Moment.FIRST_RECEIVED, Victim.LEGACY, kills=True),
    Fault(Moment.FIRST_EXECUTED, Victim.WORKER, kills=True),
    Fault(Moment.FIRST_EXECUTED, Victim.CLERK, kills=True),
    Fault(Moment.FIRST_EXECUTED, Victim.DATABASE, kills=False),
    Fault(Moment.OTHER_RECEIVED, Victim.CLERK, kills=True),
    Fault(Moment.OTHER_RECEIVED, Victim.NEW, kills=True),
    Fault(Moment.OTHER_EXECUTED, Victim.DATABASE, kills=True),
    Fault(Moment.OTHER_EXECUTED, Victim.NEW, kills=False),
)


@dataclass(slots=True)
class LedgerSide:
    """One side, and its file."""

    name: str
    port: int
    file: Path
    launch: Launch
    process: object = None

    def log(self) -> list[tuple[str, int]]:
        """(thing, n) of all writes that it did, in order."""
        with contextlib.closing(opened(self.file)) as kept:
            return kept.execute("SELECT thing, n FROM done ORDER BY at").fetchall()

    def mailed(self) -> list[int]:
        """N of each mail."""
        with contextlib.closing(opened(self.file)) as kept:
            return [n for (n,) in kept.execute("SELECT n FROM mail")]

    def agree(self) -> None:
        """From now on it knows the mark."""
        self.file.with_suffix(".agrees").touch()

    async def reached(self, step: Step) -> None:
        """Until a write is there; OSError or a client's error when it is killed first."""
        url = f"http://127.0.0.1:{self.port}/-/arm?step={step}"
        async with aiohttp.ClientSession() as session, session.post(url) as answer:
            await answer.read()


@dataclass(slots=True)
class WriteTold:
    """What its client knows; `status` 0: nothing."""

    n: int
    thing: str
    method: str
    status: int


@dataclass(slots=True)
class Play:
    """Banyan, its sides and its database, under load."""

    banyan: Program
    database: Embedded
    legacy: LedgerSide
    new: LedgerSide
    dice: random.Random
    stack: AsyncExitStack
    told: list[WriteTold] = field(default_factory=list)
    decided: int = 0
    _next: int = 0
    _stops: bool = False
    _looks: asyncpg.Connection | None = None

    # -- load ---------------------------------------------------------------------------------------------------------

    async def _write(self, session: aiohttp.ClientSession) -> None:
        self._next += 1
        n, thing = self._next, f"t{self.dice.randrange(THINGS)}"
        method = "POST" if self.dice.random() < 0.3 else "PUT"
        try:
            url = f"{self.banyan.url}/things/{thing}?n={n}"
            async with session.request(method, url, data=b"{}") as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            status = 0
        self.told.append(WriteTold(n, thing, method, status))

    async def _writer(self) -> None:
        timeout = aiohttp.ClientTimeout(total=15.0)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while not self._stops:
                await self._write(session)
                await asyncio.sleep(PAUSE)

    @asynccontextmanager
    async def load(self) -> AsyncIterator[None]:
        """While the block runs."""
        self._stops = False
        writers = [asyncio.ensure_future(self._writer()) for _ in range(WRITERS)]
        try:
            yield
        finally:
            self._stops = True
            await asyncio.gather(*writers)

    # -- faults -------------------------------------------------------------------------------------------------------

    async def suffer(self, fault: Fault) -> None:
        """It happens at its step, and its cause is gone afterwards."""
        await asyncio.sleep(BETWEEN)
        await self._moment(fault.moment)
        if fault.kills:
            await self._kill(fault.victim)
        else:
            await self._stop(fault.victim)

    async def _moment(self, moment: Moment) -> None:
        if moment is Moment.BEGUN:
            return  # some write is always being begun
        side = self.legacy if moment.value.startswith("first") else self.new
        step = Step.RECEIVED if moment.value.endswith("received") else Step.EXECUTED
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with asyncio.timeout(30.0):
                await side.reached(step)

    async def _kill(self, victim: Victim) -> None:
        for pid in self._pids(victim):
            _signal(pid, signal.SIGKILL)
        match victim:
            case Victim.DATABASE:
                await self.database.stop()
                await self.database.start()
            case Victim.LEGACY | Victim.NEW:
                side = self.legacy if victim is Victim.LEGACY else self.new
                side.process = start(side.launch)
                self.stack.push_async_callback(end, side.process)
                await until_listening(side.launch, side.process)
            case _:
                return  # the supervisor does it

    async def _stop(self, victim: Victim) -> None:
        pids = self._pids(victim)
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        await asyncio.sleep(STOPPED)
        for pid in pids:
            _signal(pid, signal.SIGCONT)

    def _pids(self, victim: Victim) -> list[int]:
        match victim:
            case Victim.WORKER:
                return [self.banyan.child("worker-0")]
            case Victim.CLERK:
                return [self.banyan.child("clerk")]
            case Victim.DATABASE:
                pid = self.database.server.pid
                return [] if pid is None else [pid, *(each.pid for each in procfs.read_tree(pid) if each.pid != pid)]
            case Victim.LEGACY:
                return [self.legacy.process.pid]  # type: ignore[attr-defined]
            case Victim.NEW:
                return [self.new.process.pid]  # type: ignore[attr-defined]

    # -- afterwards ---------------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Until the journal is empty; rule 4. BenchError when nothing leaves it any more."""
        left = len(await self._rows())
        while left:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLES):
                    await until(self._is_settled)
            before, left = left, len(await self._rows())
            if left >= before:
                rows = [(each["state"], each["key"], each["said"]) for each in await self._entries()]
                raise BenchError(f"{left} writes stay in the journal: {rows[:5]}")

    async def _is_settled(self) -> bool:
        rows = await self._rows()
        for write, state in rows:
            if state in {"unknown", "dead"}:
                await self._decide(write)
        return not rows

    async def _entries(self) -> list[dict[str, str]]:
        page = await self.banyan.api("/api/journal?limit=1000")
        return page.get("writes", [])  # type: ignore[return-value]

    async def _rows(self) -> list[tuple[str, str]]:
        try:
            if self._looks is None or self._looks.is_closed():
                self._looks = await asyncpg.connect(self.database.address, timeout=10.0)
                self.stack.callback(self._looks.terminate)
            rows = await self._looks.fetch("SELECT id::text, state FROM banyan.journal")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return [("", "away")]
        return [(row["id"].replace("-", ""), row["state"]) for row in rows]

    async def _decide(self, write: str) -> None:
        targets = {each["id"]: each["target"] for each in await self._entries()}
        if write not in targets:
            return
        n = int(targets[write].rpartition("=")[2])
        verb = "retry" if n in {each for _, each in self.legacy.log()} else "drop"
        self.decided += 1
        words = ("journal", verb, write, "--config", str(self.banyan.file))
        ended = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "proxy", *words, stdout=asyncio.subprocess.DEVNULL
        )
        await ended.wait()

    def wrong(self) -> list[str]:
        """Every sentence that does not hold; empty: all do."""
        first, other = self.legacy.log(), self.new.log()
        return [
            *_lost(self.told, {n for _, n in first}, {n for _, n in other}),
            *_twice(self.told, first, other),
            *_disordered(first, other),
            *_mailed_twice([*self.legacy.mailed(), *self.new.mailed()]),
        ]


def _lost(told: Sequence[WriteTold], first: set[int], other: set[int]) -> list[str]:
    acknowledged = [each for each in told if 200 <= each.status < 300]
    return [
        f"write {each.n} was acknowledged and {where} does not have it"
        for each in acknowledged
        for where, has in (("legacy", first), ("new", other))
        if each.n not in has
    ]


def _twice(told: Sequence[WriteTold], first: Sequence[tuple[str, int]], other: Sequence[tuple[str, int]]) -> list[str]:
    """A PUT may be asked for again of the first side; nothing else is done twice."""
    posts = {each.n for each in told if each.method == "POST"}
    counted = [("legacy", n) for _, n in first if n in posts] + [("new", n) for _, n in other]
    return [f"{side} did write {n} twice" for (side, n), found in groupby(sorted(counted)) if len(list(found)) > 1]


def _disordered(first: Sequence[tuple[str, int]], other: Sequence[tuple[str, int]]) -> list[str]:
    """Of each thing both sides did the same writes in the same order; what follows upon itself counts once."""
    things = sorted({thing for thing, _ in (*first, *other)})
    found = []
    for thing in things:
        ours, theirs = ([n for n, _ in groupby(n for each, n in log if each == thing)] for log in (first, other))
        if ours != theirs:
            at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), -1)
            found.append(f"{thing}: {len(ours)} writes at legacy, {len(theirs)} at new; they part at {at}")
    return found


def _mailed_twice(mailed: Sequence[int]) -> list[str]:
    return [f"mail of write {n} was sent twice" for n, found in groupby(sorted(mailed)) if len(list(found)) > 1]


def _signal(pid: int, number: signal.Signals) -> None:
    """Nobody has number 0: it would be all of ours."""
    if not pid:
        raise BenchError("whoever is to be hit does not run")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@asynccontextmanager
async def playing(folder: Path, database: Embedded, seed: int) -> AsyncIterator[Play]:
    """All of it runs; `database` is of this play alone. New has not agreed yet."""
    async with AsyncExitStack() as stack:
        sides = []
        for name in ("legacy", "new"):
            port, file = free_port(), folder / f"{name}.sqlite"
            words = [sys.executable, "-m", "holds.state.ledger", str(port), str(file), str(seed)]
            launch = Launch(label=name, argv=words, folder=folder, ports=[port])
            side = LedgerSide(name, port, file, launch)
            side.process = await stack.enter_async_context(running(launch))
            sides.append(side)
        listen, admin = free_port(), free_port()
        (folder / "routes.yaml").write_text(_routes(listen, admin, database.address, *sides))
        banyan = await stack.enter_async_context(started(folder, listen, admin))
        legacy, new = sides
        yield Play(banyan, database, legacy, new, random.Random(seed), stack)


def _routes(listen: int, admin: int, database: str, legacy: LedgerSide, new: LedgerSide) -> str:
    also = "applies: /-/applies, timeout: { response: 5s }, breaker: { enabled: false }"
    writes = "stage: shadow, group: things, writes: { mode: dual, key: path:id }"
    return f"""\
version: 1
listen: 127.0.0.1:{listen}
admin: 127.0.0.1:{admin}
workers: 1
drain: 10s
state: "{database}"
upstreams:
  legacy: {{ url: "http://127.0.0.1:{legacy.port}", {also} }}
  new: {{ url: "http://127.0.0.1:{new.port}", {also} }}
routes:
  - {{ name: things.set, match: "PUT /things/{{id}}", {writes} }}
  - {{ name: things.add, match: "POST /things/{{id}}", {writes} }}
"""
