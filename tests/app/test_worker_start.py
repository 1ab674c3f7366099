"""A worker before its first client: what it waits for, and how that ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.app import worker as worker_module
from proxy.app.worker import Worker, WorkerInputs
from proxy.edge.instance import NOWHERE
from proxy.link.messages import KeySets, Orders, Suspended
from proxy.link.questions import QUESTIONS
from proxy.log import Sink
from tests.clerk.clerk_at import Clerk, Scripted
from tests.edge.proxy import Block, snapshot_of
from tests.waiting import until

STATE = "postgresql://127.0.0.1:9/none"
LONG = 1000.0


@asynccontextmanager
async def worker(directory: Path, sock: socket.socket, serving: Callable[[], None]) -> AsyncIterator[Worker]:
    """The first of its supervisor, without control; it is told to stop at the end, and ends."""
    routes: list[Block] = [{"name": "hello", "match": "/**", "respond": {"status": 204}}]
    inputs = WorkerInputs(
        number=0,
        sock=sock,
        link=directory / "link",
        snapshot=snapshot_of({}, routes, {"state": STATE, "drain": "0s"}),
        here=NOWHERE,
        serving=serving,
        fresh=True,
        kill_file=lambda _: directory / "kill",
        orders=Orders(0, []),
        suspended=Suspended([]),
        key_sets=KeySets([]),
    )
    with (directory / "log").open("wb") as log:
        sink = Sink(log.fileno())
        made = Worker(inputs, sink, console=False)
        running = asyncio.ensure_future(made.run())
        try:
            yield made
        finally:
            made._told_to_stop()
            await running
            sink.close()


@pytest.fixture
def clients() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


@pytest.fixture
def questions(tmp_path: Path) -> Iterator[socket.socket]:
    """The clerk's socket as the supervisor binds it: it takes connections while there is no clerk."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / QUESTIONS))
        sock.listen()
        yield sock


async def test_who_comes_before_the_clerk_is_served_once_it_is_there(
    tmp_path: Path, clients: socket.socket, questions: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker takes no client before the clerk's first word, so that no write is refused for its want."""
    monkeypatch.setattr(worker_module, "FIRST_CLERK", LONG)
    happened: list[str] = []
    address = clients.getsockname()
    async with worker(tmp_path, clients, lambda: happened.append("serving")) as made:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        await until(lambda: made._clerk.unread is not None)  # the socket has its connection: nobody speaks
        happened.append("clerk")
        clerk = Clerk(tmp_path, Scripted())
        await clerk.start(questions)
        answer = await reader.read()
        writer.close()
        await clerk.end()

    assert (happened, answer[:12]) == (["clerk", "serving"], b"HTTP/1.1 204")


async def test_a_clerk_that_does_not_come_keeps_nobody_out_for_ever(
    tmp_path: Path, clients: socket.socket, questions: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `FIRST_CLERK` seconds the worker serves: what needs no clerk goes on."""
    monkeypatch.setattr(worker_module, "FIRST_CLERK", 0.05)
    serving = asyncio.Event()
    async with worker(tmp_path, clients, serving.set) as made:
        await serving.wait()
        assert not made._clerk.has_spoken.is_set()


async def test_a_worker_that_is_to_stop_waits_for_no_clerk(
    tmp_path: Path, clients: socket.socket, questions: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM before the clerk's first word ends the wait."""
    monkeypatch.setattr(worker_module, "FIRST_CLERK", LONG)
    async with worker(tmp_path, clients, lambda: None) as made:
        await until(lambda: made._clerk.unread is not None)
