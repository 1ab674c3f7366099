"""Pairs per second through the real comparer process, control and the store in memory: `python -m bench.comparer`.

It starts `banyan serve`, hands over pairs of one size as a worker does, and divides them by the processor time that the
comparer used: on a machine that others use as well, that is what a core would do.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from proxy.core.outcome import Side
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Pair
from proxy.link.pairs import encode
from tests.e2e.program import Program, program, system

ROUTE = "  - { name: a, match: /**, stage: shadow }\n"
SIZES = {1024: 20_000, 10 * 1024: 6_000, 100 * 1024: 600}
"""Bytes of an answer, and how many pairs of it; they fit into the comparer's queue, so that none is shed."""
DIFFERING = 20
"""One pair in so many differs."""


def body(size: int, number: int) -> bytes:
    """A JSON document of about this size, as an API would answer it."""
    item = {"id": "ord_0000000", "total": 12.5, "state": "open", "at": "2026-01-02T03:04:05Z", "note": None, "n": 1}
    items = [{**item, "id": f"ord_{at:07}", "n": at} for at in range(max(1, size // len(json.dumps(item))))]
    return json.dumps({"page": number, "items": items}).encode()


def pairs(size: int, count: int) -> Iterator[Pair]:
    """Pairs with equal answers that are written differently; some differ in a value."""
    legacy = body(size, 1)
    spaced = json.dumps(json.loads(legacy), separators=(", ", " : ")).encode()
    wrong = spaced.replace(b"12.5", b"12.6", 1)
    for number in range(count):
        request = CapturedRequest(
            method=b"GET", target=f"/orders?page={number}".encode(), fields=((b"Host", b"shop"),), body=b""
        )
        yield Pair(
            route="a",
            request=request,
            legacy=answer(legacy),
            new=answer(wrong if number % DIFFERING == 0 else spaced),
            second=None,
            cohort=number << 32,
            at=time.time(),
            request_id=str(number),
            authoritative=Side.LEGACY,
            legacy_version="1",
            new_version="2",
        )


def answer(data: bytes) -> CapturedAnswer:
    """With the fields that most answers have."""
    fields = (
        (b"Content-Type", b"application/json"),
        (b"Content-Length", str(len(data)).encode()),
        (b"Date", b"Mon, 05 Jan 2026 10:00:00 GMT"),
        (b"Cache-Control", b"no-store"),
        (b"Server", b"shop"),
    )
    return CapturedAnswer(status=200, fields=fields, body=data, size=len(data), seconds=0.01)


def used(pid: int) -> float:
    """Seconds of processor time."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(banyan: Program, size: int, count: int) -> dict[str, float]:
    """Hand them over, and wait until all are told."""
    path, pid = str(banyan.events("comparer_started")[-1]["pairs"]), banyan.child("comparer")
    frames = [encode(each) for each in pairs(size, count)]
    before, shed, cpu = await banyan.metric("banyan_parity_total"), await sheds(banyan), used(pid)
    began = time.monotonic()
    _, writer = await asyncio.open_unix_connection(path)
    for frame in frames:
        writer.write(frame)
        await writer.drain()
    while await banyan.metric("banyan_parity_total") < before + count:  # noqa: ASYNC110 -- another process
        await asyncio.sleep(0.25)
    writer.close()
    seconds = used(pid) - cpu
    return {
        "bytes": size,
        "pairs": count,
        "shed": await sheds(banyan) - shed,
        "cpu_seconds": round(seconds, 2),
        "pairs_per_core_second": round(count / seconds),
        "wall_seconds": round(time.monotonic() - began, 2),
    }


async def sheds(banyan: Program) -> float:
    """Pairs that nobody compared."""
    return await banyan.metric("banyan_comparer_shed_total")


async def main() -> None:
    """All sizes, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        async with system("a") as port, program(Path(folder), ROUTE, legacy=port, new=port) as banyan:
            await banyan.until_logged("comparer_started")
            for size, count in SIZES.items():
                found = await measure(banyan, size, count)
                sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


if __name__ == "__main__":
    asyncio.run(main())
