"""A steady load: so many requests a second, whatever becomes of those before; each is timed from when it was due."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from time import perf_counter

_REQUEST = b"GET %b HTTP/1.1\r\nHost: crm.example.com\r\nX-Tenant-Id: tenant-0001\r\n\r\n"
_TIMEOUT = 10.0


@dataclass
class Latencies:
    """Milliseconds of each answer; `failed` had none, or another one than 200."""

    milliseconds: list[float] = field(default_factory=list)
    failed: int = 0

    def rank(self, percent: float) -> float:
        """By nearest rank; infinite when nothing was answered."""
        ordered = sorted(self.milliseconds)
        return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)] if ordered else float("inf")


async def load(port: int, path: str, *, rate: int, seconds: float, connections: int = 16) -> Latencies:
    """Over keep-alive connections, each with its part of the rate."""
    found = Latencies()
    began = perf_counter() + 0.05
    count = int(rate * seconds)
    due = [[began + number / rate for number in range(first, count, connections)] for first in range(connections)]
    await asyncio.gather(*[_client(port, path, times, found) for times in due])
    return found


async def _client(port: int, path: str, due: list[float], found: Latencies) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = _REQUEST % path.encode("ascii")
    for moment in due:
        wait = moment - perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        try:
            async with asyncio.timeout(_TIMEOUT):
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_length(head))
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            found.failed += 1
            return
        found.failed += not head.startswith(b"HTTP/1.1 200 ")
        found.milliseconds.append((perf_counter() - moment) * 1000)
    writer.close()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])
