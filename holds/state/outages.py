"""A PostgreSQL of the suite's own, on a small file system of its own, and what can happen to it.

Rule 1: every trouble is a block: it begins with the block, and when the block is left its cause is gone. Whoever uses
the database is told nothing.
Rule 2: the disk is really full: a file takes what is left of it, and again what PostgreSQL gives back.
Rule 3: who keeps PostgreSQL is the suite: a server that ended is started again, as a service manager would.
Rule 4: the file system is seen by this process and what it starts alone, and is gone with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from bench import procfs
from bench.errors import BenchError
from holds.state.relay import Relay
from proxy.store.embedded.embedded_postgres import Embedded
from proxy.store.postgres.driver import Connection

DISK = "512m"
PATIENCE = 60.0
"""Seconds that the suite itself waits for an answer."""
NO_ROOM = "No space left on device"
_CLONE_NEWNS = 0x00020000
_SMALL = ("ALTER SYSTEM SET max_wal_size = '64MB'", "ALTER SYSTEM SET min_wal_size = '32MB'")
_COUNT = "SELECT route, sum(count)::bigint AS found FROM banyan.tally GROUP BY route"


def take_mounts_of_our_own() -> None:
    """From now on what is mounted here is mounted for this process and its children only. Needs root."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS):
        raise BenchError(f"no mounts of our own: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


class Database:
    """The server, and the relay through which Banyan reaches it."""

    def __init__(self, server: Embedded, relay: Relay, folder: Path) -> None:
        self.server = server
        self.relay = relay
        self.no_room = 0
        self.ended_by_itself = 0
        self._folder = folder

    @property
    def address(self) -> str:
        """For Banyan."""
        return f"postgresql://postgres@127.0.0.1:{self.relay.port}/postgres"

    async def tallies(self) -> dict[str, int]:
        """Comparisons by route, as the server itself says, not through the relay; BenchError when it does not."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return await self._tallies()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if time.monotonic() > deadline:
                    raise BenchError(f"PostgreSQL does not answer the suite: {error}") from error
            await self._keep()
            await asyncio.sleep(0.1)

    async def _tallies(self) -> dict[str, int]:
        connection: Connection = await asyncpg.connect(self.server.address, timeout=10.0)
        try:
            return {str(row["route"]): int(row["found"]) for row in await connection.fetch(_COUNT)}
        finally:
            connection.terminate()

    @asynccontextmanager
    async def killed(self) -> AsyncIterator[None]:
        """All its processes by SIGKILL; started again at the end."""
        for pid in self._family():
            _signal(pid, signal.SIGKILL)
        yield
        await self.server.stop()
        await self.server.start()

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """It hangs: connections are taken, and nothing is answered."""
        pids = self._family()
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                _signal(pid, signal.SIGCONT)

    @asynccontextmanager
    async def slow(self, delay: float) -> AsyncIterator[None]:
        """Every piece that it is sent, and that it sends, comes so many seconds late."""
        self.relay.delay = delay
        try:
            yield
        finally:
            self.relay.delay = 0.0

    @asynccontextmanager
    async def full(self) -> AsyncIterator[None]:
        """Not a byte is left on its disk."""
        ballast = self._folder / "ballast"
        enough = asyncio.Event()
        filling = asyncio.ensure_future(_fill(ballast, enough))
        try:
            yield
        finally:
            enough.set()
            await filling
            ballast.unlink()
        self.no_room += self._said().count(NO_ROOM)
        await self._keep()

    async def _keep(self) -> None:
        """See rule 3."""
        if self.server.server.ended():
            self.ended_by_itself += 1
            await self.server.stop()
            await self.server.start()

    def _family(self) -> list[int]:
        """The server first, so that it starts no more children meanwhile."""
        pid = self.server.server.pid
        if pid is None:
            raise BenchError("PostgreSQL does not run")
        return [pid, *(each.pid for each in procfs.read_tree(pid) if each.pid != pid)]

    def _said(self) -> str:
        return (self._folder / "server.log").read_text(errors="replace")


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[Database]:
    """Running, in `folder`; its path must be short, for the socket."""
    disk, log = folder / "disk", folder / "server.log"
    _mount(disk)
    log.touch()
    (disk / "server.log").symlink_to(log)  # what it says of a full disk must find room
    server = Embedded(disk)
    relay = Relay(server.server.sockets / ".s.PGSQL.5432")
    try:
        await server.start()
        await _set(server)
        async with relay.running():
            yield Database(server, relay, disk)
    finally:
        await server.stop()
        _unmount(disk)


def _mount(disk: Path) -> None:
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "none", str(disk)], check=True)


def _unmount(disk: Path) -> None:
    subprocess.run(["umount", "-l", str(disk)], check=False)


async def _set(server: Embedded) -> None:
    """The log of its writes may not fill the disk by itself."""
    connection: Connection = await asyncpg.connect(server.address, timeout=10.0)
    for statement in (*_SMALL, "SELECT pg_reload_conf()"):
        await connection.execute(statement)
    connection.terminate()


async def _fill(ballast: Path, enough: asyncio.Event) -> None:
    with ballast.open("wb", buffering=0) as file:
        while not enough.is_set():
            await asyncio.to_thread(_take_all, file.fileno())
            await asyncio.sleep(0.05)


def _take_all(file: int) -> None:
    for size in (1 << 20, 1 << 12, 512):
        with contextlib.suppress(OSError):
            while os.write(file, b"x" * size):
                pass


def _signal(pid: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, what)


async def until_grown(data: Database, than: int, patience: float) -> float | None:
    """Seconds until it holds more comparisons than that; None when it does not in time."""
    began = time.monotonic()
    while time.monotonic() < began + patience:
        if sum((await data.tallies()).values()) > than:
            return time.monotonic() - began
        await asyncio.sleep(0.1)
    return None
