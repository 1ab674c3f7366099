"""A private PostgreSQL, kept running as long as a Banyan is there that wants it.

Rule 1: of several Banyans over one directory (a successor beside its predecessor) the one that holds the lock owns the
server; the others are its guests, and the first of them to get the lock starts the server again when it is gone.
Rule 2: the lock is held by a living process only, so whoever holds it may end a server that it finds: it is an orphan.
Rule 3: a server that dies is started again, each time after a longer wait.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import time
from pathlib import Path

import structlog

from proxy.store.embedded.binaries import Binaries, NoPostgres
from proxy.store.embedded.privilege import Identity, identity
from proxy.store.embedded.server import Server

_log = structlog.get_logger()
_LOOK = 0.05
_LONGEST_WAIT = 30.0


class Embedded:
    """The server of `directory`. `address` is for asyncpg, from the moment `start` returns."""

    def __init__(
        self,
        directory: Path,
        *,
        binaries: Binaries | None = None,
        who: Identity | None = None,
        durable: bool = True,
        patience: float = 30.0,
    ) -> None:
        """Nothing is made or started; `patience` in seconds bounds each start and stop."""
        self.server = Server(directory, who or identity(), binaries, durable=durable)
        self.address = self.server.address
        self._patience = patience
        self._lock: int | None = None

    @property
    def owns(self) -> bool:
        """Whether the server is this process's to stop."""
        return self._lock is not None

    async def start(self) -> None:
        """Have a server that takes connections: our own, or the lock holder's. NoPostgres when none is in time."""
        async with self._in_time("start"):
            while not self.owns and not self._take_lock():
                if self.server.ready():
                    return
                await asyncio.sleep(_LOOK)
            await self._own()

    async def keep(self, every: float = 0.5) -> None:
        """Look after it until cancelled, and start it if nobody has; run it in the background."""
        failures = 0
        while True:
            try:
                await self._look()
                failures = 0
            except (NoPostgres, OSError) as error:
                failures = min(failures + 1, 10)
                _log.error("embedded_postgres_down", error=str(error))
            await asyncio.sleep(min(every * 2.0**failures, _LONGEST_WAIT))

    async def _look(self) -> None:
        """Start the server if it is ours to start and does not run."""
        if self.owns and not self.server.ended():
            return
        if self.owns or self._take_lock():
            _log.info("embedded_postgres_starting", directory=str(self.server.directory), said=self.server.log_end())
            async with self._in_time("start"):
                await self._own()

    async def stop(self) -> None:
        """End our server in order; a guest only leaves."""
        if self._lock is not None:
            await self._end()
            os.close(self._lock)
            self._lock = None

    async def _own(self) -> None:
        """End an orphan, then start a server of our own. The lock is ours."""
        await self._end()
        await asyncio.to_thread(self.server.make)
        self.server.start()  # here, not in that thread: the server gets its signal when the thread ends that started it
        while not self.server.ready():
            if self.server.ended():
                await self._start_again()
            await asyncio.sleep(_LOOK)

    async def _start_again(self) -> None:
        """It ended while starting: perhaps because the last of a dead server's own children still hold its memory."""
        said = self.server.log_end()
        if "shared memory block" not in said:
            raise NoPostgres(f"PostgreSQL ended while starting, and said: {said}")
        await asyncio.sleep(0.2)
        self.server.start()

    async def _end(self) -> None:
        """SIGINT, then SIGQUIT, then SIGKILL to whatever server runs over the directory."""
        for number, wait in ((signal.SIGINT, 0.3), (signal.SIGQUIT, 0.1), (signal.SIGKILL, 0.1)):
            self.server.send(number)
            deadline = time.monotonic() + wait * self._patience
            while self.server.pid is not None or not self.server.ended():
                if time.monotonic() > deadline:
                    break
                await asyncio.sleep(_LOOK)
            else:
                return

    def _take_lock(self) -> bool:
        """Whether it is ours now. The descriptor is not inherited, so that no child holds it when we are gone."""
        self.server.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.server.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def _in_time(self, doing: str) -> _InTime:
        return _InTime(
            self._patience, f"PostgreSQL in {self.server.directory} did not {doing} within {self._patience:g} s"
        )


class _InTime:
    """A block that ends within so many seconds, or NoPostgres with this sentence."""

    def __init__(self, seconds: float, sentence: str) -> None:
        self._timeout = asyncio.timeout(seconds)
        self._sentence = sentence

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            await self._timeout.__aexit__(kind, error, None)
        except TimeoutError:
            raise NoPostgres(self._sentence) from error
