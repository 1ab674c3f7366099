"""The whole program for tests: `banyan serve` as a child process on ports of its own, and upstreams with a name."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
from aiohttp import web

from tests.waiting import PATIENCE, until

WAITS = "timeout: { connect: 30s, queue: 30s, response: 2m }"
"""What a test does not bound outlasts a busy machine."""
PORTS = range(10_240 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 8, 32_000, 8)
"""Each process that shares the tests has its own: two never give out the same one."""

_given: deque[int] = deque(maxlen=1_000)


def free_port() -> int:
    """A port below those that the system gives to clients, so that nobody's outgoing connection takes it meanwhile."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            if port not in _given:
                _given.append(port)
                return port


@asynccontextmanager
async def system(name: str) -> AsyncIterator[int]:
    """An upstream that answers every request with its name; the port."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/slow"):
            await asyncio.sleep(1.0)
        return web.Response(text=name)

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@dataclass
class Program:
    """A running `banyan serve`."""

    file: Path
    listen: int
    admin: int
    process: asyncio.subprocess.Process
    lines: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where clients go."""
        return f"http://127.0.0.1:{self.listen}"

    @property
    def admin_url(self) -> str:
        """Where operators go."""
        return f"http://127.0.0.1:{self.admin}"

    def events(self, name: str) -> list[dict[str, object]]:
        """The log's entries of one event so far."""
        parsed = [json.loads(line) for line in self.lines if line.startswith(b"{")]
        return [entry for entry in parsed if entry["event"] == name]

    def signal(self, what: signal.Signals) -> None:
        """To the supervisor."""
        self.process.send_signal(what)

    async def ended(self) -> int:
        """The exit code, once it has ended."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    async def api(self, path: str = "/api/routes") -> dict[str, object]:
        """A page of the admin API."""
        async with aiohttp.ClientSession() as session, session.get(self.admin_url + path) as response:
            found: dict[str, object] = await response.json(content_type=None)
            return found

    async def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        async with aiohttp.ClientSession() as session, session.get(self.admin_url + "/metrics") as response:
            text = await response.text()
        lines = [line for line in text.splitlines() if line.startswith((name + " ", name + "{"))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    async def until_ready(self) -> None:
        """Wait until a worker serves the file's revision."""
        async with aiohttp.ClientSession() as session:

            async def ready() -> bool:
                try:
                    async with session.get(self.admin_url + "/-/ready") as response:
                        return response.status == 200
                except aiohttp.ClientError:
                    return False

            await until(ready)

    async def until_logged(self, event: str, times: int = 1) -> None:
        """Wait until the log has so many entries of one event."""

        async def logged() -> bool:
            return len(self.events(event)) >= times

        await until(logged)

    async def until_reloaded(self, times: int = 1) -> None:
        """Wait until an edit was taken, so many since the start, and every worker serves by it."""
        await self.until_logged("config_reloaded", times)

        async def serve() -> bool:
            workers: Any = (await self.api())["workers"]
            return bool(workers) and all(worker["serves_current"] for worker in workers)

        await until(serve)

    async def until_metric(self, name: str, at_least: float) -> None:
        """Wait until a metric has reached a value."""

        async def reached() -> bool:
            return await self.metric(name) >= at_least

        await until(reached)

    def child(self, name: str) -> int:
        """The process id of `control` or a worker, from the log: the last one's, whose number may be a lower one."""
        pids = [int(str(entry["pid"])) for entry in self.events("process_started") if entry["process"] == name]
        return pids[-1] if pids else 0

    async def read_log(self) -> None:
        """Collect the lines; ends with the program."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line)


def write(file: Path, text: str) -> None:
    """Replace the file at once, as editors do."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


def command(directory: Path) -> list[str]:
    """`banyan serve` on the directory's routes.yaml."""
    return [sys.executable, "-m", "proxy", "serve", "--config", str(directory / "routes.yaml")]


@asynccontextmanager
async def program(directory: Path, routes: str, *, legacy: int, new: int, workers: int = 1) -> AsyncIterator[Program]:
    """`routes` is the YAML of the routes list; everything else is written here."""
    listen, admin = free_port(), free_port()
    text = text_of(routes, listen=listen, admin=admin, legacy=legacy, new=new, workers=workers)
    (directory / "routes.yaml").write_text(text)
    async with started(directory, listen, admin) as running:
        yield running


@asynccontextmanager
async def started(
    directory: Path,
    listen: int,
    admin: int,
    *,
    read: bool = True,
    ready: bool = True,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Program]:
    """Start it on the file that is there, wait until it is ready, end it; `read` False leaves its log unread.

    `ready` False: wait until a worker accepts clients, and no longer.
    """
    unread, log = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *command(directory),
        stdout=asyncio.subprocess.PIPE if read else log,
        limit=65536,
        env={**os.environ, **environment},
    )
    os.close(log)
    running = Program(directory / "routes.yaml", listen, admin, process)
    reading = asyncio.ensure_future(running.read_log() if read else asyncio.sleep(0))
    try:
        await (running.until_ready() if ready else running.until_logged("worker_started"))
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
            await running.ended()
        async with asyncio.timeout(PATIENCE):
            await reading
        os.close(unread)


def text_of(routes: str, *, listen: int, admin: int, legacy: int, new: int, workers: int = 1, keys: str = WAITS) -> str:
    """A whole routes.yaml; `keys` are more of both upstreams, in YAML's flow style."""
    return f"""\
version: 1
listen: 127.0.0.1:{listen}
admin: 127.0.0.1:{admin}
workers: {workers}
drain: 10s
upstreams:
  legacy: {{ url: "http://127.0.0.1:{legacy}", {keys} }}
  new: {{ url: "http://127.0.0.1:{new}", {keys} }}
routes:
{routes}"""
