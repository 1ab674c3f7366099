"""Whether memory stays flat while a gibibyte passes, up and down, with known length and chunked.

Both receivers stop reading for half a second on the way: a proxy that does not pass backpressure on would hoard then.
Growth = highest memory of all its processes during a transfer, less what they had before the first one.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import procfs
from bench.bars import BarId, Measure
from bench.errors import BenchError
from bench.load.bodies import Digest, Framing, digest_of, framing_fields, read_head, receive, send
from bench.machine import Cores, free_ports
from bench.peers.peer import Peer
from bench.processes import Launch, Running, running
from bench.report import Report
from bench.rounds import Say
from bench.suites.stand import Stand, stand
from bench.table import Table

MIB = 1 << 20
SAMPLE_SECONDS = 0.05
TRANSFER_SECONDS = 300.0
PAUSE_SECONDS = 0.5
ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One body through one proxy: seconds, and how far memory rose above the start, in bytes."""

    label: str
    direction: str
    framing: Framing
    seconds: float
    growth: int


def measure(peers: Sequence[Peer], cores: Cores, say: Say, mib: int) -> Report:
    """Each proxy in turn, four transfers each."""
    with stand(cores) as ground:
        found = [transfer for peer in peers for transfer in _one_peer(peer, ground, say, mib * MIB)]
    ours = [transfer.growth for transfer in found if transfer.label == "banyan"]
    measures = (Measure(bar=BarId.STREAM_GROWTH, value=max(ours) / MIB),) if ours else ()
    return Report(suite="stream", tables=(_table(found, mib),), measures=measures)


def _one_peer(peer: Peer, ground: Stand, say: Say, size: int) -> list[Transfer]:
    (port,) = free_ports(1)
    launch = _launch_upstream(ground.folder / f"stream-{peer.name}", port)
    ground.stack.enter_context(running(launch, ground.cores.load))
    child, _ = ground.put_up(peer, routes=0, legacy=port)
    return asyncio.run(_transfers(child, say, size))


def _launch_upstream(folder: Path, port: int) -> Launch:
    return Launch(
        label="stream upstream",
        argv=(sys.executable, "-m", "bench.load.stream_upstream", str(port)),
        folder=folder,
        output=folder / "stdout.txt",
        port=port,
        ready=(f"http://127.0.0.1:{port}/download/length/2",),
        env={"PYTHONPATH": str(ROOT)},
    )


async def _transfers(child: Running, say: Say, size: int) -> list[Transfer]:
    want = digest_of(size)
    pids = [stat.pid for stat in procfs.read_tree(child.pid)]
    before = procfs.pss_of(pids)
    found = []
    for framing in Framing:
        for direction, move in (("up", _upload), ("down", _download)):
            began = time.monotonic()
            got, highest = await _watched(move(child.launch.port, framing, size), pids)
            if got != want:
                raise BenchError(f"{child.label} changed a body going {direction} ({framing}): {want} became {got}")
            seconds, growth = time.monotonic() - began, highest - before
            say(f"{child.label} {direction} ({framing}): {growth / MIB:+.1f} MiB in {seconds:.1f} s")
            found.append(
                Transfer(label=child.label, direction=direction, framing=framing, seconds=seconds, growth=growth)
            )
    return found


async def _watched(moving: Awaitable[Digest], pids: Sequence[int]) -> tuple[Digest, int]:
    """What arrived, and the highest memory of the processes in bytes while it moved."""
    sampler = asyncio.create_task(_highest(pids))
    try:
        async with asyncio.timeout(TRANSFER_SECONDS):
            got = await moving
    finally:
        sampler.cancel()
    return got, max(await sampler, procfs.pss_of(pids))


async def _highest(pids: Sequence[int]) -> int:
    """The highest memory seen, in bytes, until cancelled."""
    highest = 0
    try:
        while True:
            highest = max(highest, procfs.pss_of(pids))
            await asyncio.sleep(SAMPLE_SECONDS)
    except asyncio.CancelledError:
        return highest


async def _upload(port: int, framing: Framing, size: int) -> Digest:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=MIB)
    try:
        writer.write(f"POST /upload HTTP/1.1\r\nHost: crm.example.com\r\n{framing_fields(framing, size)}\r\n".encode())
        await send(writer, framing, size)
        head = await read_head(reader)
        answer = await reader.readexactly(int(head.fields["content-length"]))
        if " 200 " not in head.first:
            raise BenchError(f"an upload was answered with {head.first!r}: {answer[:300]!r}")
        return msgspec.json.decode(answer, type=Digest)
    finally:
        writer.close()


async def _download(port: int, framing: Framing, size: int) -> Digest:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=MIB)
    try:
        writer.write(f"GET /download/{framing}/{size} HTTP/1.1\r\nHost: crm.example.com\r\n\r\n".encode())
        head = await read_head(reader)
        if " 200 " not in head.first:
            raise BenchError(f"a download was answered with {head.first!r}")
        return await receive(reader, head, pause=PAUSE_SECONDS)
    finally:
        writer.close()


def _table(found: Sequence[Transfer], mib: int) -> Table:
    return Table(
        title=f"{mib:,} MiB in one body; both receivers stop reading for half a second",
        columns=("proxy", "direction", "framing", "seconds", "MiB/s", "memory growth, MiB"),
        rows=tuple(
            (
                each.label,
                each.direction,
                each.framing,
                f"{each.seconds:.1f}",
                f"{mib / each.seconds:,.0f}",
                f"{each.growth / MIB:.1f}",
            )
            for each in found
        ),
        words=3,
    )
