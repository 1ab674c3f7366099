"""`banyan reconcile` over two tables under writes, while a database, the clerk or the command is killed or stopped.

Rule 1: a fault comes at its step: the statement of that step is kept back until it has come.
Rule 2: a run that was ended is gone on with (`--resume`) until one is complete.
Rule 3: what is planted is reported, each key once, and nothing else: also those that were counted before the run ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never
from urllib.parse import parse_qs, urlsplit

from bench import procfs
from bench.errors import BenchError
from holds.state.relay import Relay
from holds.state.twin_tables import TwinTables
from proxy.store.embedded.binaries import installed
from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.program import Program, free_port, started, text_of
from tests.waiting import PATIENCE, until

STOPPED = 2.5
"""Seconds."""
RATE = 30_000
"""Rows a second, so that a run is under way for long enough to be met."""
SEEN = 3_000
"""The same of a run that is to be seen before its end, however busy the machine is."""
CHUNK = 1000
"""Rows of a range."""
TRIES = 10
"""Runs until one is complete."""
CHECK = """\
databases:
  cards: {{ url: "{legacy}" }}
  accounts: {{ url: "{new}" }}
reconcile:
  accounts:
    legacy: {{ database: cards, select: "SELECT id, name, written FROM account" }}
    new: {{ database: accounts, select: "SELECT id, name, written FROM account" }}
    key: id
    watermark: written
    recheck: 500ms
    chunk: {chunk}
"""
ROUTES = "  - { name: rest, match: /**, stage: legacy, idempotency: optional }\n"


class RunStep(StrEnum):
    """What a run is about to do."""

    CONNECT = "connect"
    CUT = "cut a range"
    DIGEST = "digest it"
    READ = "read its rows"
    LOOK = "look again"
    GO_ON = "go on after a record"


class Victim(StrEnum):
    """Who is killed or stopped."""

    LEGACY = "legacy's database"
    NEW = "new's database"
    CLERK = "the clerk"
    RUN = "the run"


@dataclass(frozen=True, slots=True)
class Fault:
    """One."""

    step: RunStep
    victim: Victim
    kills: bool

    @property
    def text(self) -> str:
        """For people."""
        return f"about to {self.step}: {self.victim} {'killed' if self.kills else 'stopped'}"


EVERY_FAULT = tuple(Fault(step, victim, kills) for step in RunStep for victim in Victim for kills in (True, False))
EACH_STEP_TWICE = (
    Fault(RunStep.CONNECT, Victim.NEW, kills=True),
    Fault(RunStep.CONNECT, Victim.RUN, kills=False),
    Fault(RunStep.CUT, Victim.LEGACY, kills=True),
    Fault(RunStep.CUT, Victim.CLERK, kills=False),
    Fault(RunStep.DIGEST, Victim.LEGACY, kills=False),
    Fault(RunStep.DIGEST, Victim.RUN, kills=True),
    Fault(RunStep.READ, Victim.NEW, kills=True),
    Fault(RunStep.READ, Victim.RUN, kills=True),
    Fault(RunStep.LOOK, Victim.NEW, kills=False),
    Fault(RunStep.LOOK, Victim.LEGACY, kills=True),
    Fault(RunStep.GO_ON, Victim.CLERK, kills=True),
    Fault(RunStep.GO_ON, Victim.RUN, kills=True),
)
_SEVERAL = frozenset({RunStep.READ, RunStep.LOOK})
"""Steps that come where something differs."""
_IS: Mapping[RunStep, Callable[[bytes], bool]] = {
    RunStep.CONNECT: lambda data: b"pg_control_system" in data,
    RunStep.CUT: lambda data: b"ORDER BY" in data and b"OFFSET $" in data,
    RunStep.DIGEST: lambda data: b"count(*) AS rows" in data,
    RunStep.READ: lambda data: b" AS hash FROM (" in data and b"count(*)" not in data,
    RunStep.LOOK: lambda data: b" AS wanted (" in data,
}


class Gate:
    """Before one side's database: the statement of a step waits there for what is to happen."""

    def __init__(self) -> None:
        """Nothing waits."""
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()
        self._step: RunStep | None = None
        self._before = 0

    def arm(self, step: RunStep, before: int) -> None:
        """Keep back the statement of this step that comes after so many others."""
        self._step, self._before = step, before
        self.reached.clear()
        self.go_on.clear()

    async def pass_on(self, data: bytes) -> None:
        """One piece of what is asked."""
        if self._step is None or not _IS[self._step](data):
            return
        self._before -= 1
        if self._before < 0:
            self._step = None
            self.reached.set()
            await self.go_on.wait()


@dataclass(frozen=True, slots=True)
class Side:
    """A database, and the gate before it."""

    database: Embedded
    gate: Gate


@dataclass(slots=True)
class Play:
    """Banyan, both sides, and what was wrong."""

    banyan: Program
    legacy: Side
    new: Side
    tables: TwinTables
    dice: random.Random
    resumed: int = 0
    wrong: list[str] = field(default_factory=list)

    async def suffer(self, fault: Fault) -> None:
        """A run that meets it, and those that go on with it."""
        gate = self.new.gate if fault.victim is Victim.NEW else self.legacy.gate
        before = await self._position()
        if fault.step is not RunStep.GO_ON:
            gate.arm(fault.step, self.dice.randrange(_most(fault.step, self.tables.rows)))
        run = await self._begin(*(("--rate", str(SEEN)) if fault.step is RunStep.GO_ON else ()))
        await (self._recorded(before) if fault.step is RunStep.GO_ON else self._reached(gate, run))
        pids = self._pids(fault.victim, run)
        for pid in pids:
            os.kill(pid, signal.SIGKILL if fault.kills else signal.SIGSTOP)
        gate.go_on.set()
        await (self._there_again(fault.victim, pids) if fault.kills else _continue(pids))
        self.wrong += [f"{fault.text}: {each}" for each in await self._complete(run)]

    async def _begin(self, *words: str) -> Process:
        command = [sys.executable, "-m", "proxy", "reconcile", "accounts", "--json", "--rate", str(RATE), *words]
        command += ["--config", str(self.banyan.file)]
        return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)

    async def _reached(self, gate: Gate, run: Process) -> None:
        ended, reached = asyncio.ensure_future(run.wait()), asyncio.ensure_future(gate.reached.wait())
        await asyncio.wait((ended, reached), timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not gate.reached.is_set():
            reached.cancel()
            raise BenchError("a run never came to the step at which something was to happen to it")

    async def _recorded(self, before: tuple[str, int]) -> None:
        """A run other than this one has come somewhere, and is known to."""

        async def is_recorded() -> bool:
            run, position = await self._position()
            return run != before[0] and position > 0

        await until(is_recorded)

    async def _position(self) -> tuple[str, int]:
        """Id of the newest run, and the last key that it has settled; 0: none, or it is complete."""
        page: Any = await self.banyan.api("/api/reconcile")
        newest = page["runs"][0] if page["runs"] else {"id": "", "ended": None, "position": []}
        is_over = newest["ended"] is not None or not newest["position"]
        return newest["id"], 0 if is_over else int(newest["position"][0])

    async def _complete(self, run: Process) -> list[str]:
        """Rules 2 and 3."""
        settled = 0
        for _ in range(TRIES):
            out, err = await run.communicate()
            if run.returncode in {0, 1}:
                return list(_wrong(json.loads(out)["checks"][0], self.tables.planted, settled))
            if run.returncode not in {3, -signal.SIGKILL}:
                return [f"the run ended with {run.returncode}: {err.decode()[-500:]}"]
            _, settled = await self._position()
            self.resumed += 1
            run = await self._begin("--resume")
        return [f"no run was complete after {TRIES}"]

    async def _there_again(self, victim: Victim, killed: list[int]) -> None:
        match victim:
            case Victim.LEGACY | Victim.NEW:
                database = self._side(victim).database
                await database.stop()
                await database.start()
            case Victim.CLERK:
                await until(lambda: self.banyan.child("clerk") not in killed)
            case Victim.RUN:
                return  # it is gone on with
            case _:
                assert_never(victim)

    def _side(self, victim: Victim) -> Side:
        return self.legacy if victim is Victim.LEGACY else self.new

    def _pids(self, victim: Victim, run: Process) -> list[int]:
        match victim:
            case Victim.RUN:
                return [run.pid]
            case Victim.CLERK:
                return [self.banyan.child("clerk")]
            case Victim.LEGACY | Victim.NEW:
                pid = self._side(victim).database.server.pid
                if pid is None:
                    raise BenchError(f"{victim} does not run")
                return [pid, *(each.pid for each in procfs.read_tree(pid) if each.pid != pid)]


async def _continue(pids: list[int]) -> None:
    await asyncio.sleep(STOPPED)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def _most(step: RunStep, rows: int) -> int:
    """Of how many statements of a step one is met."""
    return max(rows // CHUNK // 2, 1) if step in {RunStep.CUT, RunStep.DIGEST} else 2 if step in _SEVERAL else 1


def _wrong(check: Mapping[str, Any], planted: frozenset[int], settled: int) -> list[str]:
    """Of a complete run, which lists what it has found itself: behind the key that was settled before it began."""
    listed = [int(each["key"]["id"]) for each in check["found"]]
    expected = sorted(key for key in planted if key > settled)
    wrong = [] if check["complete"] else ["the run was given up"]
    if sorted(listed) != expected:
        ghosts, missing = sorted({*listed} - planted), sorted({*expected} - {*listed})
        wrong.append(f"it lists {len(listed)} keys, of which {ghosts} were not planted; {missing} are missing")
    if check["differences"] != len(planted):
        wrong.append(f"it counts {check['differences']} differences; {len(planted)} were planted")
    return wrong


@asynccontextmanager
async def comparing(folder: Path, rows: int, seed: int) -> AsyncIterator[Play]:
    """All of it runs; legacy has the oldest PostgreSQL of this machine, new the newest."""
    _let_servers_in(folder)
    found = sorted(installed(), key=lambda each: each.major)
    dice = random.Random(seed)
    async with AsyncExitStack() as stack:
        databases = [
            Embedded(folder / name, binaries=binaries, patience=PATIENCE)
            for name, binaries in (("legacy", found[0]), ("new", found[-1]), ("state", found[-1]))
        ]
        for each in databases:
            await each.start()
            stack.push_async_callback(each.stop)
        legacy, new, state = databases
        gates, urls = (Gate(), Gate()), list[str]()
        for database, gate in zip((legacy, new), gates, strict=True):
            urls.append(await stack.enter_async_context(_behind_a_gate(database, gate)))
        banyan = await stack.enter_async_context(_banyan(folder, state.address, urls))
        tables = TwinTables((legacy.address, new.address), rows, dice)
        await tables.make()
        yield Play(banyan, Side(legacy, gates[0]), Side(new, gates[1]), tables, dice)


def _let_servers_in(folder: Path) -> None:
    """PostgreSQL does not run as root."""
    folder.chmod(0o755)


@asynccontextmanager
async def _behind_a_gate(database: Embedded, gate: Gate) -> AsyncIterator[str]:
    """Its address there."""
    found = urlsplit(database.address)
    (folder,) = parse_qs(found.query)["host"]
    async with Relay(Path(folder) / ".s.PGSQL.5432", gate.pass_on).running() as relay:
        yield found._replace(netloc=f"{found.username}@127.0.0.1:{relay.port}", query="").geturl()


@asynccontextmanager
async def _banyan(folder: Path, state: str, urls: list[str]) -> AsyncIterator[Program]:
    listen, admin = free_port(), free_port()
    text = text_of(ROUTES, listen=listen, admin=admin, legacy=1, new=2)
    checks = CHECK.format(legacy=urls[0], new=urls[1], chunk=CHUNK)
    (folder / "routes.yaml").write_text(f'{text}state: "{state}"\n{checks}', encoding="utf-8")
    async with started(folder, listen, admin) as banyan:
        yield banyan
