"""What a connection costs that only waits: 10,000 keep-alive connections, each of which has had one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import BenchError
from bench.load.bodies import read_head
from bench.load.workload import ROUTES, TENANTS, item_path, tenant
from bench.machine import Cores, raise_file_limit
from bench.peers.peer import Peer
from bench.processes import Running
from bench.report import Report
from bench.rounds import Say
from bench.suites.stand import stand
from bench.table import Table

CONNECTIONS = 10_000
SPARE_FILES = 1_000
AT_ONCE = 64
OPEN_SECONDS = 120.0
SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Memory of all processes in bytes: before, and with every connection open."""

    label: str
    connections: int
    before: int
    after: int

    @property
    def each(self) -> float:
        """Bytes per connection."""
        return (self.after - self.before) / self.connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """One connection of the client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


def measure(peers: Sequence[Peer], cores: Cores, say: Say) -> Report:
    """One proxy after the other: both would not fit under the limit of open files."""
    count = min(CONNECTIONS, raise_file_limit() - SPARE_FILES)
    found = []
    for peer in peers:
        with stand(cores) as ground:
            child, _ = ground.put_up(peer)
            found.append(asyncio.run(_hold(child, count)))
        say(f"{found[-1].label}: {found[-1].each / 1024:.2f} KiB per connection")
    return Report(suite="idle", tables=(_table(found, count),))


async def _hold(child: Running, count: int) -> Idle:
    warm = await _ask(child, 0)
    before = child.pss()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Open:
        async with gate:
            return await _ask(child, number)

    async with asyncio.timeout(OPEN_SECONDS):
        held = await asyncio.gather(*(one(number) for number in range(count)))
    await asyncio.sleep(SETTLE_SECONDS)
    after = child.pss()
    closed = sum(each.reader.at_eof() for each in held)
    for each in (warm, *held):
        each.writer.transport.abort()
    if closed:
        raise BenchError(f"{child.label} closed {closed:,} of {count:,} idle connections, so they cannot be weighed")
    return Idle(label=child.label, connections=count, before=before, after=after)


async def _ask(child: Running, number: int) -> Open:
    reader, writer = await asyncio.open_connection("127.0.0.1", child.launch.port)
    path, cohort = item_path(number % ROUTES, number), tenant(number % TENANTS)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: crm.example.com\r\nX-Tenant-Id: {cohort}\r\n\r\n".encode())
    head = await read_head(reader)
    await reader.readexactly(int(head.fields["content-length"]))
    if " 200 " not in head.first:
        raise BenchError(f"{child.label} answered connection {number:,} with {head.first!r}")
    return Open(reader=reader, writer=writer)


def _table(found: Sequence[Idle], count: int) -> Table:
    return Table(
        title=f"{count:,} idle keep-alive connections, one answered request each",
        columns=("proxy", "KiB per connection", "before, MiB", "with all open, MiB"),
        rows=tuple(
            (each.label, f"{each.each / 1024:.2f}", f"{each.before / 2**20:.1f}", f"{each.after / 2**20:.1f}")
            for each in found
        ),
        notes=("Memory of the processes only; what the kernel keeps per socket is the same for all.",),
    )
