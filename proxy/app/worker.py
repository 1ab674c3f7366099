"""A data-plane process: serves its own listening socket, reports to control, takes new tables from it.

Rule 1: control may be absent at any time; the worker serves on, keeps its counters and connects again.
Rule 2: a table is made ready in a thread and swapped between two requests; one that cannot be read is logged and left.
Rule 3: SIGTERM drains; a second one cuts.
Rule 4: it watches the kill file itself, from before its first client on; control has no part in it.
Rule 5: clients that come before it is told what it needs, or has waited its time for that, wait in its socket's queue.
        Until then it says that it serves nothing, unless its predecessor serves.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic, time

import structlog

from proxy.app.certificate_watch import CertificateWatch
from proxy.app.huge_pages import collapse
from proxy.app.kill_file_watch import KillFile
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.routing.snapshot import Snapshot
from proxy.edge.account.canonical_line import AccessLogWriter
from proxy.edge.account.request_sample import TakenSample
from proxy.edge.clerk.clerk_link import ClerkLink
from proxy.edge.data_plane import DataPlane, Prepared
from proxy.edge.instance import Here
from proxy.edge.shared_memory import SharedMemory
from proxy.edge.translator.translator_link import TranslatorLink
from proxy.link.messages import (
    KeySets,
    KeyWanted,
    Orders,
    Poll,
    Probed,
    Recent,
    Report,
    Suspended,
    Table,
    read_to_worker,
)
from proxy.link.pairs import PAIRS
from proxy.link.reconnecting import ControlLink, PairLink
from proxy.link.table_bytes import load
from proxy.log import Sink
from proxy.tasks import RestartedTasks, Tasks
from proxy.tls.live_contexts import ListenerContexts

REPORT_EVERY = 1.0
MANY, MANY_EVERY = 1000, 10
"""With so many counters to report, most are told every tenth second: a scrape asks, and is answered at once. Those of
routes on which something went wrong are told every second.
"""
RECORDS_AT_ONCE = 5
"""Records of recent requests that are made between two looks at the sockets: a tenth of a millisecond or two."""
LARGE = 1000
"""Routes from which on a worker's memory is worth its own huge pages, which it then shares with no other process."""
FIRST_TABLE = 1.5
"""Seconds that a worker which replaces another waits for control's table before it serves the one it was born with."""
FIRST_STANDING = 10.0
"""Seconds that a successor waits for where routes stand, and for keys: its predecessor serves meanwhile."""
FIRST_CLERK = 10.0
"""Seconds that a worker which begins with its supervisor waits for the first word of the clerk, without which writes to
both sides would be 503: nobody was served here before, or a predecessor serves.
"""
FORGET_EVERY = 900
"""Seconds after which a cohort may be forgotten that new has served: one to two of these."""
MAX_UNSENT = 1024 * 1024
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInputs:
    """What a worker is given: its number, its bound socket, the path of control's link, the table to begin with.

    `serving` is to be called once clients are accepted; `fresh` says that the table was read just now.
    `kill_file` turns the path that routes.yaml writes into the one to watch; `orders` are the last that were kept, or
    say that it is unknown where routes stand; `suspended` are the subjects who may not call, as far as they are known;
    `key_sets` were kept. `succeeds`: a predecessor serves until `serving` is called.
    `shared` is what the workers have together; `here`: which instance they are, and where.
    """

    number: int
    sock: socket.socket
    link: Path
    snapshot: Snapshot
    here: Here
    serving: Callable[[], None]
    fresh: bool
    kill_file: Callable[[str], Path]
    orders: Orders
    suspended: Suspended
    key_sets: KeySets
    succeeds: bool = False
    contexts: ListenerContexts | None = None
    shared: SharedMemory | None = None


class Worker:
    """One worker, from the table it is born with to the last client it drains."""

    def __init__(self, inputs: WorkerInputs, sink: Sink, *, console: bool) -> None:
        """To be made inside the running loop."""
        self._inputs = inputs
        self._sink = sink
        self._clerk = ClerkLink(inputs.link.parent)
        self._translator = TranslatorLink(inputs.link.parent)
        self._listener = DataPlane(
            inputs.snapshot,
            AccessLogWriter(sink, console=console),
            inputs.shared,
            here=inputs.here,
            clerk=self._clerk,
            translator=self._translator,
        )
        self._clerk.hear_tokens = self._listener.hear_tokens
        self._pairs = PairLink(inputs.link.with_name(PAIRS))
        self._listener.shadows.recorder = self._pairs
        self._kill_file = KillFile(inputs.kill_file(inputs.snapshot.kill_file), self._ordered)
        self._certificates = CertificateWatch(self._listener)
        self._serves = inputs.succeeds  # clients are taken meanwhile, if not here
        self._switched = 0.0
        self._told_all = monotonic()
        self._has_standing = asyncio.Event()
        self._has_keys = asyncio.Event()
        self._listener.callers.suspended.adopt(inputs.suspended)
        self._listener.callers.key_waits.ask = self._want_key
        self._hear_keys(inputs.key_sets)
        self._obey(inputs.orders)
        self._tasks = Tasks()
        self._loops = RestartedTasks()
        self._link = ControlLink(inputs.link, MAX_UNSENT, lambda: self._send(0), self._hear)
        self._has_table = asyncio.Event()
        self._installing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._cutting = asyncio.Event()

    async def run(self) -> None:
        """Serve until told to stop."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._told_to_stop)
        for ignored in (signal.SIGINT, signal.SIGUSR2):
            loop.add_signal_handler(ignored, lambda: None)
        loop.add_signal_handler(signal.SIGHUP, self._certificates.force)
        await self._kill_file.start()
        self._loops.start(self._link.run, name="control-link")
        self._loops.start(self._report, name="reports")
        self._loops.start(self._pairs.run, name="pairs")
        self._loops.start(self._translator.run, name="translator")
        if self._inputs.snapshot.needs_clerk:
            self._loops.start(self._clerk.run, name="clerk")
        await self._wait_to_be_told()
        await self._listener.start(self._inputs.sock, self._inputs.contexts)
        self._gather()
        self._loops.start(self._certificates.run, name="certificates")
        self._inputs.serving()
        self._serves = True
        self._send(0)
        _log.info("worker_started", worker=self._inputs.number, revision=self._listener.live.snapshot.revision)
        await self._stopping.wait()
        await self._end()

    async def _wait_to_be_told(self) -> None:
        """Before the first client: for control's table if ours may be old, where routes stand if unknown, keys, and the
        clerk. One after the other: what comes meanwhile is not waited for.

        Of key sets those that were kept are enough. Where there is none a while is worth it: tokens would be 503.
        """
        inputs, longer = self._inputs, self._inputs.succeeds
        successor = longer and not self._listener.orders.known
        if successor or not inputs.fresh:
            await self._heard(FIRST_STANDING if successor else FIRST_TABLE, self._has_table, self._has_standing)
        if inputs.snapshot.fetched_sources:
            await self._heard(FIRST_STANDING if longer else FIRST_TABLE, self._has_keys)
        if inputs.snapshot.needs_clerk:
            await self._heard(FIRST_CLERK if longer or inputs.fresh else FIRST_TABLE, self._clerk.has_spoken)

    async def _heard(self, within: float, *events: asyncio.Event) -> None:
        """Wait until all have come, so many seconds at the most, and no longer once it is to stop."""
        told = self._tasks.start(_all_of(events), name="told-first")
        stopping = self._tasks.start(self._stopping.wait(), name="stopped-first")
        await asyncio.wait((told, stopping), timeout=within, return_when=asyncio.FIRST_COMPLETED)

    async def _end(self) -> None:
        grace = self._listener.live.snapshot.drain
        _log.info("worker_draining", worker=self._inputs.number, grace=grace)
        draining = self._tasks.start(self._listener.drain(grace), name="drain")
        cutting = self._tasks.start(self._cutting.wait(), name="cut")
        await asyncio.wait((draining, cutting), return_when=asyncio.FIRST_COMPLETED)
        await self._listener.stop()
        self._kill_file.end()
        await self._clerk.finish()
        self._translator.end()
        await self._tell(0)
        self._pairs.end()
        await asyncio.sleep(0)
        await self._loops.end()
        await self._tasks.end()
        _log.info("worker_ended", worker=self._inputs.number)

    def _told_to_stop(self) -> None:
        if self._stopping.is_set():
            self._cutting.set()
        self._stopping.set()

    def _ordered(self, order: KillSwitchOrder | None) -> None:
        """The kill file has come, changed or gone."""
        on = order is not None
        if on == self._listener.switch.on:
            return
        moved = self._listener.kill(on=on)
        self._switched = monotonic()
        if order is not None:
            _log.warning(
                "killed", worker=self._inputs.number, routes=moved, by=order.by, at=order.at, reason=order.reason
            )
        else:
            _log.warning("kill_lifted", worker=self._inputs.number, routes=moved)
        self._send(0)

    def _want_key(self, source: str) -> None:
        """Where control is away, whoever waits for a key waits on: it may be back in time."""
        if self._link.ready:
            self._link.send(KeyWanted(source))

    def _hear_keys(self, message: KeySets) -> None:
        self._listener.callers.hear_keys(message)
        if self._inputs.snapshot.fetched_sources <= {each.source for each in message.sets if each.jwks}:
            self._has_keys.set()

    def _obey(self, orders: Orders) -> None:
        """Run by these; what this table cannot do stays as the table says, loudly."""
        refused = self._listener.obey(orders)
        if self._listener.orders.known:
            self._has_standing.set()
        if refused:
            _log.error("orders_not_possible", routes=refused[:20], count=len(refused), hint="an upstream is missing")

    async def _report(self) -> None:
        for second in count(1):
            await asyncio.sleep(REPORT_EVERY)
            if second % FORGET_EVERY == 0:
                self._listener.forget_cohorts()
            few = self._listener.counters.touched < MANY
            await self._tell(0, whole=few or second % MANY_EVERY == 0)

    async def _tell(self, poll: int, *, whole: bool = True) -> None:
        """All there is to say, without keeping requests waiting for it."""
        if self._link.ready:
            taken = self._listener.finished.recent.take(time() - monotonic())
            for _ in taken.make(RECORDS_AT_ONCE):
                await asyncio.sleep(0)
            self._send(poll, whole=whole, recent=taken)

    def _send(self, poll: int, *, whole: bool = True, recent: TakenSample | None = None) -> None:
        link = self._link
        if not link.ready:
            return
        counters, events = self._listener.counters, self._listener.finished.bad
        routes, failures = counters.take(None if whole else events.routes)
        now = monotonic()
        span, self._told_all = now - self._told_all, now if whole else self._told_all
        bad, bad_lost = events.take()
        cohorts = events.take_cohorts()
        report = Report(
            worker=self._inputs.number,
            pid=os.getpid(),
            revision=self._listener.live.snapshot.revision if self._serves else "",
            inflight={side.value: gauge.value for side, gauge in counters.inflight.items()},
            connections=counters.connections.value,
            routes=routes,
            failures=failures,
            repeats=counters.take_repeats(),
            upstreams=self._listener.upstreams(),
            sheds=counters.take_sheds(),
            lines_dropped=self._sink.take_dropped(),
            draining=self._listener.draining,
            poll=poll,
            killed=self._listener.switch.on,
            switched=self._switched,
            orders=self._listener.orders.version,
            bad=bad,
            bad_lost=bad_lost,
            shadows=counters.take_shadows(),
            cohorts=cohorts,
            refused=counters.take_refused(),
            step_answers=counters.take_step_answers(),
            step_passes=counters.take_step_passes(),
            echoes=counters.take_echoes(),
            brownouts=counters.take_brownouts(),
            usage=self._listener.finished.callers.take(routes),
            alive=counters.take_alive(),
            recent=None if recent is None else self._recent(recent),
            asked=self._clerk.take_outcomes(),
            waits=self._clerk.waits,
            held=self._clerk.held,
            translations=self._translator.take_outcomes(),
            span=span,
            at=now,
        )
        link.send(report)

    def _recent(self, taken: TakenSample) -> Recent:
        bodies = self._listener.finished.bodies.take()
        return Recent(taken.sample, taken.bad, taken.total, taken.fresh, bodies)

    def _hear(self, body: bytes) -> None:
        match message := read_to_worker(body):
            case Poll():
                self._tasks.start(self._tell(message.id), name="told")
            case Table():
                self._tasks.start(self._install(message), name="install")
            case Probed():
                self._listener.hear(message)
            case Orders():
                self._obey(message)
                self._send(0)
            case KeySets():
                self._hear_keys(message)
            case Suspended():
                self._listener.callers.suspended.adopt(message)

    async def _install(self, table: Table) -> None:
        async with self._installing:  # tables are taken in the order in which they were sent
            if table.revision != self._listener.live.snapshot.revision:
                try:
                    prepared = await asyncio.to_thread(self._prepare, table.pickled)
                except Exception:  # noqa: BLE001 -- whatever is wrong with it, the old table serves on
                    _log.exception("table_unreadable", revision=table.revision)
                    return
                self._listener.adopt(prepared)
                self._kill_file.follow(self._inputs.kill_file(prepared.live.snapshot.kill_file))
                self._gather()
                self._send(0)
        self._has_table.set()

    def _gather(self) -> None:
        """A large table goes into huge pages, beside the traffic."""
        if len(self._listener.live.snapshot.routes) >= LARGE:
            self._tasks.start(asyncio.to_thread(collapse), name="huge-pages")

    def _prepare(self, pickled: bytes) -> Prepared:
        """In a thread: what does not belong between two requests."""
        return self._listener.prepare(load(pickled))


async def _all_of(events: tuple[asyncio.Event, ...]) -> None:
    for event in events:
        await event.wait()
