"""A control process's parts on real sockets, without the process."""

from __future__ import annotations

import pickle
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from proxy.app.control_parts import ControlBase, ControlParts
from proxy.config.files import kill_file
from proxy.control.admin.admin import Admin, application, serve
from proxy.control.admin.http.auth import AdminAuth
from proxy.control.admin.kill import KillSwitch
from proxy.control.evidence.book import EvidenceBook
from proxy.control.fleet.links import Links
from proxy.control.position.hooks import Hooks
from proxy.control.probe.health import Probes
from proxy.control.running import Reload, Running
from proxy.control.traffic.ledger import Ledger
from proxy.core.routing.snapshot import Snapshot
from proxy.link.messages import Table
from proxy.store.open_stores import open_stores
from proxy.tasks import RestartedTasks
from tests.control.stands import Clock, Store
from tests.control.tables import crm
from tests.control.worker import FakeWorker, start_worker

STARTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    return Store(clock)


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    return Ledger(clock)


def table_of(snapshot: Snapshot) -> Table:
    return Table(snapshot.revision, pickle.dumps(snapshot, 5))


@pytest.fixture
async def tasks() -> AsyncIterator[RestartedTasks]:
    made = RestartedTasks()
    yield made
    await made.end()


def listening_unix(path: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    bound.listen()
    return bound


def listening_tcp(host: str = "127.0.0.1") -> socket.socket:
    bound = socket.socket()
    bound.bind((host, 0))
    bound.listen()
    return bound


@pytest.fixture
def link_path(tmp_path: Path) -> Path:
    return tmp_path / "link"


@pytest.fixture
async def links(ledger: Ledger, link_path: Path) -> AsyncIterator[Links]:
    made = Links(ledger, table_of(crm()))
    await made.serve(listening_unix(link_path))
    yield made
    await made.close()


@dataclass(kw_only=True)
class Port:
    """A served admin port and what stands behind it."""

    running: Running
    links: Links
    probes: Probes
    url: str
    client: aiohttp.ClientSession
    link_path: Path
    kill: KillSwitch
    parts: ControlParts
    workers: list[FakeWorker] = field(default_factory=list)

    async def worker(self, worker: int = 0, pid: int = 100) -> FakeWorker:
        """Link a worker that serves the current table."""
        made = await start_worker(self.link_path, worker, pid)
        self.workers.append(made)
        await made.table()
        return made

    def take(self, snapshot: Snapshot) -> None:
        """A reload went well."""
        self.running.take(snapshot, Reload(ok=True, at=STARTED))
        self.links.push(table_of(snapshot))


def _base(running: Running, links: Links, probes: Probes, hooks: Hooks, directory: Path) -> ControlBase:
    """What the judge stands on, with a store in memory."""
    stores = open_stores("memory", directory)
    book = EvidenceBook()
    return ControlBase(
        running=running, links=links, stores=stores, book=book, probes=probes, directory=directory, hooks=hooks
    )


def _switch(running: Running, links: Links, directory: Path, parts: ControlParts, probes: Probes) -> KillSwitch:
    return KillSwitch(
        running=running,
        links=links,
        place=lambda written: directory / (written or "kill"),
        give=kill_file.give,
        lift=kill_file.lift,
        judged=parts.judged,
        records=parts.kill_records,
        conditions=lambda: probes.conditions,
    )


def _calls(parts: ControlParts) -> dict[str, Any]:
    """What knows of calls and callers."""
    return {"usage": parts.usage, "brownouts": parts.brownouts, "discovery": parts.discovery}


Open = Callable[..., Awaitable[Port]]


@pytest.fixture
async def open_port(links: Links, link_path: Path, tasks: RestartedTasks) -> AsyncIterator[Open]:
    """What opens an admin port, with a token, beyond loopback, or with another table."""
    async with AsyncExitStack() as stack:

        async def start(
            *,
            token: str = "",
            loopback: bool = True,
            snapshot: Snapshot | None = None,
            **shows: Any,  # noqa: ANN401
        ) -> Port:
            listening = listening_tcp()
            running = Running(snapshot or crm(), Reload(ok=True, at=STARTED))
            probes = Probes(tasks, lambda: STARTED)
            stack.push_async_callback(probes.close)
            hooks = Hooks(tasks)
            stack.push_async_callback(hooks.close)
            parts = ControlParts(_base(running, links, probes, hooks, link_path.parent))
            kill = _switch(running, links, link_path.parent, parts, probes)
            admin = Admin(
                running=running,
                links=links,
                probes=probes,
                kill=kill,
                parser="llhttp",
                judged=parts.judged,
                asked=parts.asked,
                reconciled=parts.reconcile_runs,
                suspensions=parts.suspensions,
                moved=parts.mover.counts,
                **{"directory": link_path.parent, **_calls(parts), **shows},
            )
            gate = AdminAuth(loopback=loopback, token=token, own_host="127.0.0.1")
            host, port = listening.getsockname()
            stack.push_async_callback(await serve(application(admin, gate), listening))
            client = await stack.enter_async_context(aiohttp.ClientSession())
            return Port(
                running=running,
                links=links,
                probes=probes,
                url=f"http://{host}:{port}",
                client=client,
                link_path=link_path,
                kill=kill,
                parts=parts,
            )

        yield start


@pytest.fixture
async def port(open_port: Open) -> Port:
    """An admin port on loopback, without a token, and no worker yet."""
    return await open_port()
