"""Requests that go wrong: to a bad endpoint, or from a client that behaves badly; each on a connection of its own.

Rule 1: they begin when they are due, however many still run, and what still runs in the end is left at once.
Rule 2: whatever becomes of them is noted and judged by nobody: it is the others who must not notice.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never, cast

from holds.isolation.faulty import FIELD, IMPATIENCE, Fault

PATIENCE = 60.0
BORED = 10.0
"""Seconds after which a client leaves an answer that still runs."""
UNREAD = 2 * IMPATIENCE
"""Seconds for which a client that reads late does not."""
MOST = 256 * 1024
"""Bytes after which it leaves an answer that does not end."""
PROMISED = 100_000
HELD = 1024
"""Requests that may be open at once: the files of this process are bounded."""


class Conduct(StrEnum):
    """How the client behaves. LATE: it does not read for a while, and then all; CHURN: it leaves within its head."""

    ASK = "asks"
    STALL = "stalls within uploads"
    LEAVE = "leaves within answers"
    LATE = "reads late"
    CHURN = "connects and leaves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misuse:
    """`at_once` requests `rate` times a second, to `paths` and from `sources` in turns."""

    conduct: Conduct
    fault: Fault
    rate: float
    paths: Sequence[str]
    sources: Sequence[str]
    at_once: int = 1


@dataclass(slots=True)
class Misuser:
    """Does so; `came` counts by status, or by the way in which there was none."""

    port: int
    misuse: Misuse
    came: Counter[str] = field(default_factory=Counter)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def go_on(self, seconds: float) -> None:
        """For so long."""
        began, times, many = time.monotonic(), 0, self.misuse.at_once
        while (due := began + times / self.misuse.rate) < began + seconds:
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            for number in range(times * many, (times + 1) * many):
                self._begin(number)
            times += 1
        await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))
        await self._leave_all()

    def _begin(self, number: int) -> None:
        if len(self._running) < HELD:
            task = asyncio.ensure_future(self._one(number))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _leave_all(self) -> None:
        self.came["open to the end"] += len(self._running)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _one(self, number: int) -> None:
        source = self.misuse.sources[number % len(self.misuse.sources)]
        path = f"/{self.misuse.paths[number % len(self.misuse.paths)]}/{number}"
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        except OSError:
            self.came["no connection"] += 1
            return
        try:
            self.came[await self._behave(reader, writer, path)] += 1
        except TimeoutError:
            self.came["no answer in time"] += 1
        except (OSError, asyncio.IncompleteReadError):
            self.came["cut"] += 1
        finally:
            reset(writer)

    async def _behave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> str:
        conduct = self.misuse.conduct
        match conduct:
            case Conduct.ASK:
                writer.write(self._head("GET", path))
                return await _read(reader)
            case Conduct.STALL:
                writer.write(self._head("POST", path, f"Content-Length: {PROMISED}\r\n") + b"x" * 100)
                return await _read(reader)
            case Conduct.LEAVE:
                writer.write(self._head("GET", path))
                return f"left after {await _status(reader)}"
            case Conduct.LATE:
                writer.write(self._head("GET", path))
                return await _read_late(reader, cast("asyncio.Transport", writer.transport))
            case Conduct.CHURN:
                writer.write(self._head("GET", path)[:-2])
                await asyncio.sleep(0.05)
                return "left"
            case _:
                assert_never(conduct)

    def _head(self, method: str, path: str, more: str = "") -> bytes:
        fault = "" if self.misuse.fault is Fault.NONE else f"{FIELD}: {self.misuse.fault}\r\n"
        return f"{method} {path} HTTP/1.1\r\nHost: a.example\r\n{fault}{more}\r\n".encode()


async def _status(reader: asyncio.StreamReader) -> str:
    async with asyncio.timeout(PATIENCE):
        return (await reader.readuntil(b"\r\n\r\n"))[9:12].decode()


async def _read(reader: asyncio.StreamReader) -> str:
    """The status, once there is enough of the answer, or it ended."""
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
    status, got = head[9:12].decode(), 0
    try:
        async with asyncio.timeout(BORED):
            while got < MOST and not _is_whole(head, got) and (piece := await reader.read(65536)):
                got += len(piece)
    except TimeoutError:
        return f"{status}, left"
    return status


async def _read_late(reader: asyncio.StreamReader, transport: asyncio.Transport) -> str:
    """Nothing for a while, and then to its end."""
    transport.pause_reading()
    await asyncio.sleep(UNREAD)
    transport.resume_reading()
    while await reader.read(1 << 20):
        pass
    return "ended"


def _is_whole(head: bytes, got: int) -> bool:
    _, found, rest = head.lower().partition(b"\r\ncontent-length: ")
    return bool(found) and got >= int(rest.partition(b"\r\n")[0])


def reset(writer: asyncio.StreamWriter) -> None:
    """Leave at once, with a RST."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
