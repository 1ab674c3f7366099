"""A clerk in the test's own loop: the real socket and connections, and a handler whose answers the test gives."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from proxy.clerk.handler import AnyHandler
from proxy.clerk.worker_connection import Handlers, Listeners, WorkerConnection
from proxy.core.idempotency.claims import ClaimOutcome, Settlement
from proxy.core.routing.snapshot import Snapshot
from proxy.link.idempotency_questions import ClaimKey, KeyClaimed, KeySettled
from proxy.link.questions import QUESTIONS, Answer
from proxy.link.reconnecting import ReconnectingLink
from proxy.link.token_messages import UpstreamTokens
from proxy.store.errors import StoreUnavailable
from proxy.tasks import Tasks, Work

Link = TypeVar("Link", bound=ReconnectingLink)
CLAIM = ClaimKey(b"r" * 32, b"o" * 16, b"f" * 32, "pay", "k1", repeatable=False)
SETTLED = KeySettled(b"r" * 32, b"o" * 16, Settlement.UNSENT)


class Scripted:
    """Answers when `go` is set; remembers what it heard. `away`: its database is."""

    takes: tuple[type[msgspec.Struct], ...] = (ClaimKey, KeySettled)
    loops: Mapping[str, Work] = {}

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.go.set()
        self.away = False
        self.asked: list[str] = []
        self.forgotten: list[str] = []
        self.taken: list[KeySettled] = []

    def follow(self, snapshot: Snapshot) -> None:
        """Not asked for."""

    async def answer(self, question: ClaimKey) -> Answer:
        self.asked.append(question.key)
        await self.go.wait()
        if self.away:
            raise StoreUnavailable("away")
        return KeyClaimed(ClaimOutcome.CLAIMED)

    async def forget(self, question: ClaimKey) -> None:
        self.forgotten.append(question.key)

    async def take(self, notice: KeySettled) -> None:
        if self.away:
            raise StoreUnavailable("away")
        self.taken.append(notice)


class Clerk:
    """Listens while it is started; `end` is as sudden as its death. Its first word is that it has no tokens."""

    def __init__(self, directory: Path, handler: AnyHandler) -> None:
        self.path = directory / QUESTIONS
        self.handler = handler
        self._tasks = Tasks()
        self._connections: list[WorkerConnection] = []

    async def start(self, bound: socket.socket | None = None) -> None:
        """On a socket of its own, or one that listens already."""
        handlers, listeners = Handlers((self.handler,)), Listeners()
        listeners.tell(UpstreamTokens([]))

        def connection() -> WorkerConnection:
            self._connections.append(WorkerConnection(handlers, self._tasks, listeners))
            return self._connections[-1]

        path = str(self.path) if bound is None else None
        self._server = await asyncio.get_running_loop().create_unix_server(connection, path, sock=bound)

    async def end(self) -> None:
        self._server.close()
        for each in self._connections:
            each._transport.abort()
        await self._tasks.end()
        self.path.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def linked(link: Link) -> AsyncIterator[Link]:
    """This end keeps its connection while the block runs."""
    task = asyncio.ensure_future(link.run())
    try:
        yield link
    finally:
        link.end()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
