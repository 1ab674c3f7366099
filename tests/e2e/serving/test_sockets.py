"""`listen: unix:` from the start of a Banyan to its end: workers, a successor, files of those who are gone."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.program import free_port
from tests.waiting import until

ROOT = Path(__file__).parents[3]
TEXT = """version: 1
listen: unix:{socket}
admin: 127.0.0.1:{admin}
workers: 2
drain: 5s
upstreams: {{ legacy: {{ url: "http://127.0.0.1:1" }} }}
routes: [{{ name: rest, match: "/**", respond: {{ status: 200, body: hi }} }}]
"""


class Running:
    """One process, and the events of its log."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict[str, object]] = []

    async def read(self) -> None:
        """Until its end, and that of a successor which writes to the same place."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.events.append(json.loads(line))

    async def logged(self, event: str, count: int = 1) -> dict[str, object]:
        """The last of so many."""
        await until(lambda: len(self.of(event)) >= count)
        return self.of(event)[-1]

    def of(self, event: str) -> list[dict[str, object]]:
        """Those of one name so far."""
        return [line for line in self.events if line.get("event") == event]


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Running]:
    """`banyan serve` there, ended if it has not ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", "serve", "--config", str(folder / "routes.yaml")),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder)},
    )
    running = Running(process)
    reading = asyncio.ensure_future(running.read())
    try:
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a routes.yaml; its path is short, as a socket's must be."""
    with tempfile.TemporaryDirectory() as name:
        text = TEXT.format(socket=Path(name, "b.sock"), admin=free_port())
        Path(name, "routes.yaml").write_text(text, encoding="utf-8")
        yield Path(name)


async def ask(folder: Path) -> bytes:
    """One request through the socket."""
    reader, writer = await asyncio.open_unix_connection(folder / "b.sock")
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_clients_come_in_and_the_file_goes_at_the_end(folder: Path) -> None:
    """Both workers serve on one file, which is told in the log and removed when Banyan ends."""
    async with serving(folder) as banyan:
        await banyan.logged("worker_started", 2)

        assert (await banyan.logged("serving"))["listen"] == f"unix:{folder}/b.sock"
        assert {(await ask(folder))[9:12] for _ in range(20)} == {b"200"}

        banyan.process.send_signal(signal.SIGTERM)

        assert await banyan.process.wait() == 0
        assert not (folder / "b.sock").exists()


async def test_a_successor_takes_the_socket_over(folder: Path) -> None:
    """SIGUSR2: no request fails while one follows the other, and the predecessor leaves the file where it is."""
    async with serving(folder) as banyan:
        await banyan.logged("worker_started", 2)
        banyan.process.send_signal(signal.SIGUSR2)
        statuses = set()
        while banyan.process.returncode is None:
            statuses.add((await ask(folder))[9:12])
        successor = await banyan.logged("taking_over")
        statuses |= {(await ask(folder))[9:12] for _ in range(10)}

        assert statuses == {b"200"}

        pid = next(each["pid"] for each in banyan.events if each["event"] == "successor_started")
        assert isinstance(pid, int)
        assert successor["predecessor"] == banyan.process.pid
        os.kill(pid, signal.SIGTERM)
        await until(lambda: not (folder / "b.sock").exists())


async def test_a_file_that_nobody_listens_on_is_replaced(folder: Path) -> None:
    """What a Banyan that was killed has left behind keeps no other from starting."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "b.sock"))
    async with serving(folder) as banyan:
        await banyan.logged("worker_started", 2)

        assert (await ask(folder))[9:12] == b"200"


@pytest.mark.parametrize("what", ["listener", "file"])
async def test_what_belongs_to_others_is_left_alone(folder: Path, what: str) -> None:
    """Somebody who listens there, or a file that is no socket: Banyan says so and does not start."""
    with socket.socket(socket.AF_UNIX) as other:
        if what == "listener":
            other.bind(str(folder / "b.sock"))
            other.listen()
        else:
            (folder / "b.sock").write_text("mine", encoding="utf-8")
        async with serving(folder) as banyan:
            assert await banyan.process.wait() == 1

        why = "another process listens there" if what == "listener" else "a file that is no socket stands there"
        assert banyan.events[-1]["error"] == f"cannot listen on unix:{folder}/b.sock: {why}"
        hint = "another process may hold the address" if what == "listener" else "move that file, or name another path"
        assert str(banyan.events[-1]["hint"]).startswith(hint)
        assert (folder / "b.sock").exists()
