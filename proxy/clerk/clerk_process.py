"""The clerk: a process that does what awaits on a request's behalf: it asks the database, so that no worker has to.

Rule 1: workers ask over its socket and go on; it may die at any moment and be started again: what was not answered is
        asked again.
Rule 2: each feature is one handler (`handler.py`); they share the connections to the database.
Rule 3: it holds what is secret: it leaves no core, and no other process of its user may look into it.
Rule 4: SIGTERM comes once no worker is left: what it has begun is done, for a moment, and that is the end. Where it
        comes from the kernel, to all at once, since the supervisor is gone, workers drain, and are answered meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import resource
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from proxy.clerk.grants.grant_handler import GrantHandler
from proxy.clerk.handler import AnyHandler
from proxy.clerk.idempotency.key_handler import KeyHandler
from proxy.clerk.introspection.introspection_handler import IntrospectionHandler
from proxy.clerk.journal.journal_handler import JournalHandler
from proxy.clerk.members.member_handler import MemberHandler
from proxy.clerk.upstream_auth.token_handler import TokenHandler
from proxy.clerk.worker_connection import Handlers, Listeners, WorkerConnection
from proxy.core.routing.snapshot import Snapshot
from proxy.core.upstream_auth.credential import UpstreamCredentials
from proxy.link.messages import ClerkState, Table, read_to_worker
from proxy.link.reconnecting import ControlLink
from proxy.link.table_bytes import load
from proxy.link.token_messages import ClerkTokens, UpstreamTokens
from proxy.store.open_stores import connections_to
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.journal import PostgresJournal
from proxy.store.postgres.key_records import PostgresKeys
from proxy.tasks import RestartedTasks, Tasks

PATIENCE = Patience(timeout=1.5, connect=1.0, longest_wait=1.0)
"""With the database: less than the 2 s that a request waits."""
CONNECTIONS = 8
"""To the database, at the most."""
TELL_EVERY = 1.0
LAST_WORDS = 2.0
"""Seconds after SIGTERM for what was begun."""
MOST_UNSENT = 1024 * 1024
_PR_SET_DUMPABLE = 4
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClerkInputs:
    """What the clerk is given: its bound socket, the path of control's link, a table, where Banyan may keep files."""

    questions: socket.socket
    link: Path
    snapshot: Snapshot
    directory: Path


class ClerkProcess:
    """The process from its first connection to its last word."""

    def __init__(self, inputs: ClerkInputs) -> None:
        """To be made inside the running loop."""
        self._inputs = inputs
        self._revision = inputs.snapshot.revision
        self._connections = connections_to(
            inputs.snapshot.state.reveal(),
            inputs.directory,
            patience=PATIENCE,
            most=CONNECTIONS,
            password_file=inputs.snapshot.state_password_file,
        )
        self._listeners = Listeners()
        self._link = ControlLink(inputs.link, MOST_UNSENT, self._tell, self._hear)
        self._tokens = TokenHandler(inputs.snapshot, self._tell_tokens)
        self._grants = GrantHandler(inputs.snapshot, inputs.directory)
        asking = _asking_a_database(self._connections, inputs.snapshot, self._tokens.credentials)
        self._introspection = IntrospectionHandler(inputs.snapshot)
        self._members = MemberHandler(inputs.snapshot)
        self._handlers = Handlers((*asking, self._grants, self._tokens, self._introspection, self._members))
        self._installing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._supervisor = os.getppid()
        self._questions = Tasks()
        self._tasks = Tasks()
        self._loops = RestartedTasks()

    async def run(self) -> None:
        """Answer until told to stop."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR2):
            loop.add_signal_handler(ignored, lambda: None)
        server = await loop.create_unix_server(
            lambda: WorkerConnection(self._handlers, self._questions, self._listeners), sock=self._inputs.questions
        )
        self._loops.start(self._link.run, name="control-link")
        self._loops.start(self._report, name="clerk-state")
        for handler in self._handlers.all:
            for name, work in handler.loops.items():
                self._loops.start(work, name=name)
        _log.info("clerk_started", revision=self._revision)
        await self._stopping.wait()
        await self._outlive_workers()
        server.close()
        await self._last_words()
        await self._loops.end()
        await self._tasks.end()
        await self._tokens.end()
        await self._introspection.end()
        await self._members.end()
        await self._connections.close()
        _log.info("clerk_ended", running=self._handlers.running)

    async def _outlive_workers(self) -> None:
        """Rule 4."""
        if os.getppid() != self._supervisor:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._inputs.snapshot.drain + LAST_WORDS):
                    await self._listeners.none.wait()

    async def _last_words(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await self._questions.done()
        await self._questions.end()
        await self._grants.end()  # however long it takes: tokens that are on their way
        self._tell()
        await self._link.finish()

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY)
            self._tell()

    def _tell(self) -> None:
        if self._link.ready:
            state = ClerkState(os.getpid(), self._revision, self._handlers.running, self._handlers.is_away)
            self._link.send(state)
            if tokens := self._tokens.told.tokens:
                self._link.send(ClerkTokens(tokens))
            if (counts := self._grants.take_counts()) is not None:
                self._link.send(counts)
            if introspected := self._introspection.take_counts():
                self._link.send(introspected)

    def _tell_tokens(self, tokens: UpstreamTokens) -> None:
        self._listeners.tell(tokens)
        if self._link.ready:
            self._link.send(ClerkTokens(tokens.tokens))

    def _hear(self, body: bytes) -> None:
        try:
            message = read_to_worker(body)
        except msgspec.DecodeError:
            return  # of another version: this one goes on as it is
        if isinstance(message, Table) and message.revision != self._revision:
            self._tasks.start(self._install(message), name="install")

    async def _install(self, table: Table) -> None:
        async with self._installing:  # tables are taken in the order in which they were sent
            try:
                snapshot = await asyncio.to_thread(load, table.pickled)
            except Exception:  # noqa: BLE001 -- whatever is wrong with it, the old table goes on
                _log.exception("table_unreadable", revision=table.revision)
                return
            self._revision = snapshot.revision
            for handler in self._handlers.all:
                handler.follow(snapshot)


def keep_to_itself() -> None:
    """Rule 3 (prctl(2) PR_SET_DUMPABLE, setrlimit(2) RLIMIT_CORE); once at the start of the process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _asking_a_database(
    connections: Connections, snapshot: Snapshot, credentials: UpstreamCredentials
) -> tuple[AnyHandler, ...]:
    """One of each feature that needs one, where there is one."""
    if not snapshot.has_database:
        return ()
    journal = PostgresJournal(connections, f"{socket.gethostname()} {os.getpid()} {time.time_ns():x}")
    return KeyHandler(PostgresKeys(connections)), JournalHandler(journal, snapshot, credentials)
