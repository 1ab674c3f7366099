"""How long the kill switch takes, by what the upstreams themselves have seen: `python -m bench.suites.kill`.

Two workers, control stopped (it hangs, and so is not replaced), and a steady load on keep-alive connections. The state
store is in memory, or with --dead-database a PostgreSQL that does not answer; then control goes on, and misses it.
Each drill writes the kill file, and looks for the last request that still came to new.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError
from bench.machine import free_ports
from proxy.config.files.kill_file import give, lift
from proxy.core.routing.kill_switch import KillSwitchOrder

BAR = 1000.0
"""Milliseconds that the 99th percentile may take."""
CONNECTIONS, PAUSE = 8, 0.004
SETTLE = 0.6
_REQUEST = b"GET /r7 HTTP/1.1\r\nHost: a\r\n\r\n"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Upstream:
    """Answers every request, and keeps the moment at which the last one came."""

    last: float = 0.0
    count: int = 0

    def accept(self) -> asyncio.Protocol:
        """A connection's protocol."""
        return _Connection(self)


class _Connection(asyncio.Protocol):
    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            self._upstream.last = time.monotonic()
            self._upstream.count += 1
            self._transport.write(_ANSWER)


@dataclass
class Drills:
    """What was measured: milliseconds from the order to the last request that came to new."""

    milliseconds: list[float] = field(default_factory=list)
    requests: int = 0
    failed: int = 0


async def measure(drills: int, routes: int, *, dead_database: bool = False) -> Drills:
    """All drills, on a Banyan of their own."""
    found, legacy, new = Drills(), Upstream(), Upstream()
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="banyan-kill-")))
        ports = [await _listen(stack, each) for each in (legacy, new)]
        port = await stack.enter_async_context(_banyan(folder, ports, routes, dead_database=dead_database))
        stop = asyncio.Event()
        load = [asyncio.ensure_future(_load(port, stop, found)) for _ in range(CONNECTIONS)]
        await asyncio.sleep(SETTLE)
        for _ in range(drills):
            began = time.monotonic()
            give(folder / ".banyan" / "kill", KillSwitchOrder(by="bench", reason="drill"))
            await asyncio.sleep(SETTLE)
            found.milliseconds.append(round((new.last - began) * 1000, 1))
            lift(folder / ".banyan" / "kill")
            await asyncio.sleep(SETTLE)
            if new.last - began < SETTLE or not legacy.count:
                raise BenchError("the switch was turned, and the other side got nothing")
        stop.set()
        await asyncio.gather(*load)
    return found


async def _listen(stack: contextlib.AsyncExitStack, upstream: Upstream) -> int:
    server = await asyncio.get_running_loop().create_server(upstream.accept, "127.0.0.1", 0)
    stack.callback(server.close)
    return int(server.sockets[0].getsockname()[1])


@contextlib.asynccontextmanager
async def _banyan(folder: Path, upstreams: list[int], routes: int, *, dead_database: bool) -> AsyncIterator[int]:
    """Serving with two workers, its control stopped or its database dead; the clients' port."""
    listen, admin, nobody = free_ports(3)
    state = f"postgresql://banyan@127.0.0.1:{nobody}/banyan" if dead_database else "memory"
    (folder / "routes.yaml").write_text(_table(listen, admin, upstreams, routes, state))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", "serve", "--config", str(folder / "routes.yaml")),
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )
    assert process.stdout is not None
    control, serving = 0, 0
    while serving < 2 or not control:
        entry = json.loads(await process.stdout.readline())
        serving += entry["event"] == "worker_started"
        control = entry["pid"] if (entry["event"], entry["process"]) == ("process_started", "control") else control
    reading = asyncio.ensure_future(_discard(process.stdout))
    if not dead_database:
        os.kill(control, signal.SIGSTOP)
    try:
        yield listen
    finally:
        os.kill(control, signal.SIGCONT)
        process.terminate()
        await process.wait()
        await reading


def _table(listen: int, admin: int, upstreams: list[int], routes: int, state: str) -> str:
    legacy, new = upstreams
    rows = "".join(f"  - {{ name: r{each}, match: /r{each}, stage: live }}\n" for each in range(max(8, routes)))
    return f"""\
version: 1
listen: 127.0.0.1:{listen}
admin: 127.0.0.1:{admin}
workers: 2
state: "{state}"
upstreams:
  legacy: {{ url: "http://127.0.0.1:{legacy}" }}
  new: {{ url: "http://127.0.0.1:{new}" }}
routes:
{rows}"""


async def _discard(stream: asyncio.StreamReader) -> None:
    while await stream.read(1 << 16):
        pass


async def _load(port: int, stop: asyncio.Event, found: Drills) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not stop.is_set():
        writer.write(_REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(2)
        found.requests += 1
        found.failed += not head.startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(PAUSE)
    writer.close()


def rank(values: list[float], percent: int) -> float:
    """By nearest rank."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def main(
    *,
    drills: Annotated[int, typer.Option(min=1)] = 20,
    routes: Annotated[int, typer.Option(min=1, help="Live routes in the table.")] = 1000,
    dead_database: Annotated[bool, typer.Option("--dead-database", help="Instead of a control that hangs.")] = False,
) -> None:
    """From the order to the last request that came to new: control stopped, or its database dead; two workers."""
    found = asyncio.run(measure(drills, routes, dead_database=dead_database))
    p50, p99, most = (rank(found.milliseconds, each) for each in (50, 99, 100))
    what = "database dead" if dead_database else "control stopped"
    typer.echo(f"{drills} drills, {routes} routes, 2 workers, {what}; {found.requests} requests")
    typer.echo(f"order to the last request at new: p50 {p50:.0f} ms, p99 {p99:.0f} ms, max {most:.0f} ms")
    typer.echo(f"failed requests: {found.failed}")
    raise typer.Exit(0 if p99 < BAR and not found.failed else 1)


if __name__ == "__main__":
    typer.run(main)
