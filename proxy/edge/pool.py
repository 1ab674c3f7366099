"""Connections to one upstream, of one worker: bounded, most recently used first, and the queue of who waits for one.

Rule 1: an idle connection is closed before the upstream would (default 4 s; common servers close at 5 s).
Rule 2: a name is resolved at most every 30 s; when that fails, the last good addresses stay (R28).
Rule 3: whoever waits is in one place only: the queue; it is bounded, and beyond it is refused at once.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from functools import partial
from time import monotonic
from typing import Protocol, cast

from proxy.core.outcome import Blame, Failure, Phase
from proxy.core.route import Upstream
from proxy.edge.upstream import Mode, UpstreamConnection
from proxy.tasks import Tasks
from proxy.tls.kept import ForUpstream
from proxy.tls.sentence import sentence_of

RESOLVE_EVERY = 30.0
_IDLE = Mode.IDLE


class Waiter(Protocol):
    """Who waits for a connection."""

    def lend(self, connection: UpstreamConnection) -> None:
        """Here it is."""

    def failed(self, failure: Failure) -> None:
        """There is none."""


class Pool:
    """`acquire` answers through the waiter, at once when a connection is idle."""

    def __init__(self, upstream: Upstream, tasks: Tasks) -> None:
        """Nothing is opened before it is needed."""
        self.upstream = upstream
        self._tasks = tasks
        self._idle: deque[UpstreamConnection] = deque()
        self._waiting: deque[Waiter] = deque()
        self._open = 0
        self._connecting = 0
        self._retired = False
        self.tls = ForUpstream(upstream.tls) if upstream.scheme == "https" else None
        self._addresses: list[str] = []
        self._resolved_at = -RESOLVE_EVERY

    def __repr__(self) -> str:
        """For the debugger and the log."""
        return f"<Pool {self.upstream.name}: {self._open} open, {len(self._idle)} idle, {len(self._waiting)} waiting>"

    def acquire(self, waiter: Waiter, *, fresh: bool = False) -> None:
        """Lend a connection; `fresh` wants one that was never used (after a reused one had died)."""
        while self._idle and not fresh:
            connection = self._idle.pop()
            if connection.mode is _IDLE and not connection.transport.is_closing():
                connection.reused = True
                waiter.lend(connection)
                return
        full = self._open >= self.upstream.connections
        if full and len(self._waiting) - self._connecting >= self.upstream.queue:
            detail = f"{self.upstream.queue} requests already wait for upstream {self.upstream.name}"
            waiter.failed(Failure(phase=Phase.CONNECT, blame=Blame.PROXY, replayable=True, detail=detail))
            return
        self._waiting.append(waiter)
        self._grow()

    def forget(self, waiter: Waiter) -> None:
        """It waits no longer."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)

    def release(self, connection: UpstreamConnection) -> None:
        """A clean connection comes back."""
        if self._retired:
            connection.abort()
        elif self._waiting:
            connection.reused = True
            self._waiting.popleft().lend(connection)
        else:
            connection.idle_since = 0.0  # the next sweep stamps it: a clock read per request saved
            self._idle.append(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        """A connection is gone; if somebody waits, another is opened in its place."""
        self._open -= 1
        if connection in self._idle:
            self._idle.remove(connection)
        self._grow()

    def _grow(self) -> None:
        """Open what those who wait need and the bound allows."""
        while self._connecting < len(self._waiting) and self._open < self.upstream.connections:
            self._open += 1
            self._connecting += 1
            self._tasks.start(self._connect(), name=f"connect-{self.upstream.name}")

    def sweep(self, now: float) -> None:
        """Close what has been idle for too long; the oldest stand first."""
        for connection in self._idle:
            connection.idle_since = connection.idle_since or now
        while self._idle and now - self._idle[0].idle_since > self.upstream.keep_alive:
            self._idle.popleft().abort()

    def retire(self) -> None:
        """A reload has replaced this pool: requests that run finish, nothing is kept."""
        self._retired = True
        while self._idle:
            self._idle.popleft().abort()

    async def _connect(self) -> None:
        try:
            async with asyncio.timeout(self.upstream.timeouts.connect):
                connection = await self._open_one()
        except TimeoutError:
            self._no_connection("timed out", timed_out=True)
        except OSError as error:
            self._no_connection(sentence_of(error, self.upstream), timed_out=False)
        else:
            self._connecting -= 1
            self._hand_over(connection)

    def _no_connection(self, why: str, *, timed_out: bool) -> None:
        self._open -= 1
        self._connecting -= 1
        if self._waiting:
            self._waiting.popleft().failed(self._failure(why, timed_out=timed_out))
            self._grow()

    def _failure(self, why: str, *, timed_out: bool) -> Failure:
        detail = f"cannot connect to upstream {self.upstream.name} ({self.upstream.authority}): {why}"
        return Failure(phase=Phase.CONNECT, blame=Blame.UPSTREAM, timed_out=timed_out, replayable=True, detail=detail)

    def _hand_over(self, connection: UpstreamConnection) -> None:
        if connection.mode is Mode.CLOSED:
            return
        if self._waiting:
            self._waiting.popleft().lend(connection)
        elif self._retired:
            connection.abort()
        else:
            connection.idle_since = monotonic()
            self._idle.append(connection)

    async def _open_one(self) -> UpstreamConnection:
        """Try each address in turn; the last error is the one that counts."""
        loop = asyncio.get_running_loop()
        tls = self.tls.to_use() if self.tls is not None else None
        name = self.upstream.tls_name if tls is not None else None
        last: OSError | None = None
        for address in await self._resolve():
            try:
                connection = UpstreamConnection(self.release, self.lost, self.upstream.leniency)
                await loop.create_connection(
                    partial(_same, connection), address, self.upstream.port, ssl=tls, server_hostname=name
                )
            except OSError as error:
                last = error
            else:
                return connection
        raise last or OSError(f"{self.upstream.host} has no address")

    async def _resolve(self) -> list[str]:
        now = monotonic()
        if now - self._resolved_at < RESOLVE_EVERY:
            return self._addresses
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self.upstream.host, self.upstream.port, type=socket.SOCK_STREAM)
        except OSError:
            if not self._addresses:
                raise
        else:
            self._addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            self._resolved_at = now
        return self._addresses


def _same(connection: UpstreamConnection) -> asyncio.Protocol:
    """It is no subclass, so that it can be compiled; asyncio asks for the methods alone."""
    return cast("asyncio.Protocol", connection)
