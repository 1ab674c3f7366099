"""A worker as control sees one: a real Unix-socket client that speaks `proxy.link.messages`."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path
from typing import cast

from proxy.core.routing.snapshot import Snapshot
from proxy.link.messages import (
    BUCKETS,
    FailureDelta,
    Orders,
    Poll,
    Recent,
    Report,
    RouteDelta,
    Suspended,
    Table,
    Unframer,
    UsageDelta,
    frame,
    read_to_worker,
)


def delta(route: str, side: str, ok: int = 0, failed: int = 0, seconds: float = 0.0) -> RouteDelta:
    """`ok` answers of class 2xx and `failed` of 5xx, all within the first bound."""
    return RouteDelta(route, side, [0, ok, 0, 0, failed], [ok + failed] + [0] * len(BUCKETS), seconds)


class FakeWorker(asyncio.Protocol):
    """Takes tables and answers polls; `count` puts increments into its next report; `mute` makes it answer no poll.

    `obeys` False: it takes orders and does not follow.
    """

    def __init__(self, worker: int, pid: int) -> None:
        self.worker = worker
        self.pid = pid
        self.mute = False
        self.draining = False
        self.revision = ""
        self.inflight: dict[str, int] = {}
        self.connections = 0
        self.lines_dropped = 0
        self.killed = False
        self.switched = 0.0
        self.orders = Orders(0, [])
        self.suspended: list[str] = []
        self.obeys = True
        self.obeyed = 0
        self.recent: Recent | None = None
        self.usage: list[UsageDelta] = []
        self.tables: list[Snapshot] = []
        self.polls: list[int] = []
        self.table_seen = asyncio.Event()
        self.gone = asyncio.Event()
        self._routes: list[RouteDelta] = []
        self._failures: list[FailureDelta] = []
        self._unframer = Unframer()

    def count(self, *deltas: RouteDelta, failures: tuple[FailureDelta, ...] = ()) -> None:
        self._routes += deltas
        self._failures += failures

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self.gone.set()

    def data_received(self, data: bytes) -> None:
        for body in self._unframer.feed(data):
            message = read_to_worker(body)
            match message:
                case Table(pickled=pickled):
                    self.tables.append(pickle.loads(pickled))
                    self.revision = self.tables[-1].revision
                    self.table_seen.set()
                case Orders():
                    self.orders = message
                    if self.obeys:
                        self.obeyed = message.version
                        self.report()
                case Suspended(subjects=subjects):
                    self.suspended = subjects
                case Poll(id=poll):
                    self.polls.append(poll)
                    if not self.mute:
                        self.report(poll)

    def report(self, poll: int = 0) -> None:
        self.transport.write(
            frame(
                Report(
                    worker=self.worker,
                    pid=self.pid,
                    revision=self.revision,
                    inflight=self.inflight,
                    connections=self.connections,
                    routes=self._routes,
                    failures=self._failures,
                    lines_dropped=self.lines_dropped,
                    draining=self.draining,
                    poll=poll,
                    killed=self.killed,
                    switched=self.switched,
                    recent=self.recent,
                    usage=self.usage,
                    orders=self.obeyed,
                )
            )
        )
        self._routes, self._failures, self.lines_dropped = [], [], 0
        self.recent = None
        self.usage = []

    async def table(self) -> Snapshot:
        """The next table."""
        await self.table_seen.wait()
        self.table_seen.clear()
        return self.tables[-1]

    async def die(self) -> None:
        self.transport.abort()
        await self.gone.wait()


async def start_worker(path: Path, worker: int = 0, pid: int = 100) -> FakeWorker:
    """Link a worker; its first table has not come yet."""
    _, made = await asyncio.get_running_loop().create_unix_connection(lambda: FakeWorker(worker, pid), str(path))
    return made
