"""Requests with idempotency keys, retried as clients do, while worker, clerk, database and side are killed or stopped.

Rule 1: a client sends its key again until it hears what became of it: the answer, or that nobody knows.
Rule 2: at the end the locks of all keys are made older than they last, and each key is asked for once more.
Rule 3: a side that declares nothing has each key at most once, and exactly once where a client got the answer.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from subprocess import Popen

import aiohttp
import asyncpg

from bench.errors import BenchError
from bench.table import Table
from holds.finding import Check, Finding
from holds.launching import Launch, start, until_listening
from holds.progress import bar
from proxy.core.idempotency.claims import LOCK
from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.program import Program, free_port, started, text_of
from tests.waiting import PATIENCE, until

ROUTES = "  - { name: pay, match: /pay, stage: legacy, idempotency: required }\n"
CLIENTS = 8
BETWEEN = (0.2, 0.8)
"""Seconds of load before each fault."""
TRIES, PAUSE = 60, 0.05
"""How often a client tries in a row, and seconds between; what is still open then is asked for once more at the end."""
STOPPED = 2.5
"""Seconds: longer than a request waits for the clerk."""
_OLDER = "UPDATE banyan.idempotency SET locked_until = locked_until - make_interval(secs => $1)"
_MOST_NOTES = 50


class Victim(StrEnum):
    """Who is killed or stopped."""

    WORKER = "worker"
    CLERK = "clerk"
    DATABASE = "database"
    SIDE = "side"


@dataclass(slots=True)
class KeysTold:
    """What clients heard in the end: of each key its answer's status; 409 where nobody knows."""

    heard: dict[str, int] = field(default_factory=dict)
    retries: int = 0


class BookingSide:
    """The side as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.file = folder / "booked"
        argv = (sys.executable, "-m", "holds.state.bookings", str(self.port), str(self.file))
        self._launch = Launch(label="side", argv=argv, folder=folder, ports=(self.port,))
        self.process: Popen[bytes]

    async def start(self) -> None:
        """And wait until it listens."""
        self.process = start(self._launch)
        await until_listening(self._launch, self.process)

    def booked(self) -> Counter[str]:
        """How often it did what each key asked for."""
        return Counter(self.file.read_text().split())


class KeysPlay:
    """Banyan with two workers, its side and its database, under clients that retry."""

    def __init__(self, banyan: Program, database: Embedded, side: BookingSide) -> None:
        self.told = KeysTold()
        self._banyan = banyan
        self._database = database
        self._side = side
        self._next = 0
        self._stops = False

    # -- clients ------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def load(self) -> AsyncIterator[None]:
        """While the block runs; then each client brings its last key to its end."""
        running = [asyncio.ensure_future(self._client()) for _ in range(CLIENTS)]
        try:
            yield
        finally:
            self._stops = True
            await asyncio.gather(*running)

    async def _client(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15.0)) as session:
            while not self._stops:
                self._next += 1
                key = f"k{self._next}"
                self.told.heard[key] = await self._retry(session, key)

    async def _retry(self, session: aiohttp.ClientSession, key: str) -> int:
        """What it heard in the end; 0: nothing yet."""
        for _ in range(TRIES):
            status = await self.ask(session, key)
            if status is not None:
                return status
            self.told.retries += 1
            await asyncio.sleep(PAUSE)
        return 0

    async def ask(self, session: aiohttp.ClientSession, key: str) -> int | None:
        """201, or 409 where nobody knows; None: to be asked again."""
        headers = {"Idempotency-Key": f'"{key}"'}
        try:
            async with session.post(self._banyan.url + "/pay", headers=headers, json={"key": key}) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None
        return answer.status if answer.status == 201 or "outcome unknown" in text else None

    async def settle(self) -> None:
        """Rule 2."""
        connection = await asyncpg.connect(self._database.address)
        await connection.execute(_OLDER, LOCK + 1)
        await connection.close()
        async with aiohttp.ClientSession() as session:
            for key, before in self.told.heard.items():
                status = await self._retry(session, key)
                self.told.heard[key] = before if before == 201 else status

    # -- faults -------------------------------------------------------------------------------------------------------

    async def suffer(self, victim: Victim, *, kills: bool) -> None:
        """Once; whoever it was is there again afterwards."""
        if victim is Victim.DATABASE and kills:
            await self._kill_database()
            return
        pid = self._pid(victim)
        if not kills:
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(STOPPED)
            os.kill(pid, signal.SIGCONT)
            return
        os.kill(pid, signal.SIGKILL)
        if victim is Victim.SIDE:
            self._side.process.wait()
            await self._side.start()
        else:
            await until(lambda: self._pid(victim) != pid)

    def _pid(self, victim: Victim) -> int:
        match victim:
            case Victim.SIDE:
                return self._side.process.pid
            case Victim.DATABASE:
                found = self._database.server.pid
                if found is None:
                    raise BenchError("PostgreSQL does not run")
                return found
            case Victim.WORKER:
                return self._banyan.child("worker-0")
            case Victim.CLERK:
                return self._banyan.child("clerk")

    async def _kill_database(self) -> None:
        os.kill(self._pid(Victim.DATABASE), signal.SIGKILL)
        await self._database.stop()
        await self._database.start()

    def wrong(self) -> list[str]:
        """Rule 3."""
        booked = self._side.booked()
        twice = [f"{key} was executed {count} times" for key, count in booked.items() if count > 1]
        answered = [key for key, status in self.told.heard.items() if status == 201]
        lost = [f"{key} was answered and not executed" for key in answered if not booked[key]]
        return twice + lost


async def measure(runs: int, seed: int) -> Finding:
    """So many faults, drawn by the seed."""
    dice = random.Random(seed)
    faults: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="banyan-") as name:
        folder = Path(name)
        database = Embedded(folder / "db", patience=PATIENCE)
        await database.start()
        side = BookingSide(folder)
        await side.start()
        try:
            async with _banyan(folder, database, side) as play:
                with bar("keys", runs) as shown:
                    async with play.load():
                        for _ in range(runs):
                            await asyncio.sleep(dice.uniform(*BETWEEN))
                            victim, kills = dice.choice(tuple(Victim)), dice.random() < 0.5
                            await play.suffer(victim, kills=kills)
                            faults[f"{victim} {'killed' if kills else 'stopped'}"] += 1
                            shown.step()
                await play.settle()
                return _finding(play, side, faults)
        finally:
            side.process.kill()
            await database.stop()


@asynccontextmanager
async def _banyan(folder: Path, database: Embedded, side: BookingSide) -> AsyncIterator[KeysPlay]:
    listen, admin = free_port(), free_port()
    text = text_of(ROUTES, listen=listen, admin=admin, legacy=side.port, new=side.port, workers=2)
    (folder / "routes.yaml").write_text(f'{text}state: "{database.address}"\n')
    async with started(folder, listen, admin) as banyan:
        await banyan.until_metric("banyan_clerk_up", 1)
        yield KeysPlay(banyan, database, side)


def _finding(play: KeysPlay, side: BookingSide, faults: Counter[str]) -> Finding:
    wrong, heard = play.wrong(), Counter(play.told.heard.values())
    unheard = [key for key, status in play.told.heard.items() if status not in (201, 409)]
    booked = side.booked()
    vain = sum(status == 409 and not booked[key] for key, status in play.told.heard.items())
    counts = (
        ("keys", str(len(play.told.heard))),
        ("retries", str(play.told.retries)),
        ("answered", str(heard[201])),
        ("left to people", str(heard[409])),
        ("of these not executed", str(vain)),
    )
    return Finding(
        suite="keys",
        tables=(
            Table(title="Keys", columns=("", "count"), rows=counts, words=1),
            Table(
                title="Faults",
                columns=("who", "times"),
                rows=tuple((text, str(count)) for text, count in sorted(faults.items())),
                words=1,
            ),
        ),
        checks=(
            Check(
                sentence="no key is executed twice, and each that was answered was executed",
                holds=not wrong,
                seen=f"{len(wrong)} exceptions in {len(play.told.heard)} keys",
            ),
            Check(
                sentence="every key comes to an answer, or is left to people: none is wedged",
                holds=not unheard,
                seen=f"{len(unheard)} exceptions",
            ),
        ),
        notes=tuple((wrong + [f"{key} is wedged" for key in unheard])[:_MOST_NOTES]),
    )
