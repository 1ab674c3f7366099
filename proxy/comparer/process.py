"""The comparer: a process that does nothing but compare what both sides answered. One core at most.

Rule 1: workers hand pairs to its socket without waiting; it may die at any moment and be started again.
Rule 2: it works in slices, so that it goes on reading while it compares; what finds no place in its queue is counted.
Rule 3: while control is away, what it found adds up here, within bounds; no exchange leaves it before it is redacted.
Rule 4: SIGTERM: what waits is compared for a moment longer, told, and that is the end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from proxy.comparer.comparison import PairComparer
from proxy.comparer.pair_queue import Intake, PairQueue
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.memory import Learned
from proxy.core.routing.snapshot import Snapshot
from proxy.link.messages import Comparer, KeySets, Noise, Orders, Poll, Probed, Suspended, Table, read_to_comparer
from proxy.link.reconnecting import ControlLink
from proxy.link.table_bytes import load
from proxy.tasks import RestartedTasks, Tasks

TELL_EVERY = 1.0
SLICE = 0.005
"""Seconds of comparing between two looks at the sockets."""
LAST_WORDS = 2.0
"""Seconds after SIGTERM for what waits."""
MOST_UNSENT = 8 * 1024 * 1024
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparerInputs:
    """What the comparer is given: its bound socket, the path of control's link, a table, the key for what is secret."""

    pairs: socket.socket
    link: Path
    snapshot: Snapshot
    key: bytes


class ComparerProcess:
    """The process from its first connection to its last word."""

    def __init__(self, inputs: ComparerInputs) -> None:
        """To be made inside the running loop."""
        self._inputs = inputs
        self._comparer = PairComparer(inputs.snapshot, inputs.key)
        self._queue = PairQueue(self._comparer.shed)
        self._link = ControlLink(inputs.link, MOST_UNSENT, self._greet, self._hear)
        self._installing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._tasks = Tasks()
        self._loops = RestartedTasks()

    async def run(self) -> None:
        """Compare until told to stop."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR2):
            loop.add_signal_handler(ignored, lambda: None)
        server = await loop.create_unix_server(lambda: Intake(self._queue, time.monotonic), sock=self._inputs.pairs)
        self._loops.start(self._link.run, name="control-link")
        working = self._tasks.start(self._work(), name="comparisons")
        self._loops.start(self._report, name="evidence")
        _log.info("comparer_started", revision=self._comparer.revision, pairs=self._inputs.pairs.getsockname())
        stopping = self._tasks.start(self._stopping.wait(), name="stopping")
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        server.close()
        await self._last_words()
        await self._loops.end()
        await self._tasks.end()
        _log.info("comparer_ended", compared=self._comparer.compared, waiting=len(self._queue))

    async def _work(self) -> None:
        while True:
            await self._queue.filled.wait()
            self._compare_until(time.monotonic() + SLICE)
            await asyncio.sleep(0)

    def _compare_until(self, deadline: float) -> None:
        while (now := time.monotonic()) < deadline and (body := self._queue.pop(now)) is not None:
            try:
                self._comparer.take(body)
            except msgspec.DecodeError as error:
                self._queue.misread(error)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY)
            self._tell()

    def _tell(self) -> None:
        if not self._link.ready:
            return
        self._link.send(self._state())
        evidence = self._comparer.evidence()
        if evidence is not None:
            self._link.send(evidence)

    def _greet(self) -> None:
        self._link.send(self._state())

    def _state(self) -> Comparer:
        queue = self._queue
        return Comparer(
            pid=os.getpid(),
            revision=self._comparer.revision,
            waiting=len(queue),
            waiting_bytes=queue.waiting_bytes,
            lag=queue.lag(time.monotonic()),
            compared=self._comparer.compared,
            shed={full.value: count for full, count in queue.shed.items()},
            lost=self._comparer.fold.lost,
            unreadable=queue.unreadable,
        )

    def _hear(self, body: bytes) -> None:
        try:
            message = read_to_comparer(body)
        except msgspec.DecodeError:
            return  # of another version: this one goes on as it is
        match message:
            case Noise():
                self._comparer.memories.hear(learned_of(message))
            case Table() if message.revision != self._comparer.revision:
                self._tasks.start(self._install(message), name="install")
            case Table() | Poll() | Probed() | Orders() | KeySets() | Suspended():
                pass  # the table that it has, and words for workers

    async def _install(self, table: Table) -> None:
        async with self._installing:  # tables are taken in the order in which they were sent
            try:
                snapshot = await asyncio.to_thread(load, table.pickled)
            except Exception:  # noqa: BLE001 -- whatever is wrong with it, the old table goes on
                _log.exception("table_unreadable", revision=table.revision)
                return
            self._comparer.follow(snapshot)

    async def _last_words(self) -> None:
        deadline = time.monotonic() + LAST_WORDS
        while len(self._queue) and time.monotonic() < deadline:
            self._compare_until(time.monotonic() + SLICE)
            await asyncio.sleep(0)
        self._tell()
        await self._link.finish()


_STATES = frozenset(KeyState)


def learned_of(message: Noise) -> dict[str, Learned]:
    """By route what all replicas know of its keys."""
    return {
        route: Learned(
            states=_states(states),
            lags=message.lags.get(route, {}),
            epoch=message.epochs.get(route, ""),
            lasting=_states(message.lasting.get(route, {})),
        )
        for route, states in message.states.items()
    }


def _states(words: dict[str, str]) -> dict[str, KeyState]:
    return {key: KeyState(word) for key, word in words.items() if word in _STATES}
