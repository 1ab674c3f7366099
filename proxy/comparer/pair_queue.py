"""Pairs that wait to be compared: bounded in number, bytes and age, and what is not compared is counted by route.

Rule 1: reading never stops, so that no worker waits for the comparer.
Rule 2: where there is no place, what comes last is shed: what waits already was paid for.
Rule 3: what has waited too long is shed too: a guard that judges by what was a minute ago rolls back a minute late.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import cast

import msgspec
import structlog

from proxy.core.parity.pair import Label
from proxy.link.messages import Unframer
from proxy.link.pairs import MAX_PAIR, decode_label

MOST_PAIRS = 20_000
MOST_BYTES = 64 * 1024 * 1024
MOST_LAG = 10.0
"""Seconds that a pair may wait."""
_log = structlog.get_logger()


class Full(StrEnum):
    """Which bound was met."""

    PAIRS = "pairs"
    BYTES = "bytes"
    LATE = "late"


class PairQueue:
    """`shed` counts by bound what nobody compares, `unreadable` frames that were no pairs; both since the start."""

    def __init__(self, shed: Callable[[Label], None], *, pairs: int = MOST_PAIRS, size: int = MOST_BYTES) -> None:
        """`shed` hears what the pair was about that nobody compares."""
        self.shed = dict.fromkeys(Full, 0)
        self.unreadable = 0
        self.waiting_bytes = 0
        self.filled = asyncio.Event()
        self._tell = shed
        self._most = {Full.PAIRS: pairs, Full.BYTES: size}
        self._bodies: deque[tuple[float, bytes]] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._bodies)

    def put(self, body: bytes, now: float) -> None:
        """Take a frame's body, or shed it."""
        if len(self._bodies) >= self._most[Full.PAIRS]:
            self._shed(Full.PAIRS, body)
        elif self.waiting_bytes + len(body) > self._most[Full.BYTES]:
            self._shed(Full.BYTES, body)
        else:
            self._bodies.append((now, body))
            self.waiting_bytes += len(body)
            self.filled.set()

    def pop(self, now: float) -> bytes | None:
        """The oldest that is not too old, if there is one."""
        while self._bodies:
            since, body = self._bodies.popleft()
            self.waiting_bytes -= len(body)
            if now - since <= MOST_LAG:
                return body
            self._shed(Full.LATE, body)
        self.filled.clear()
        return None

    def lag(self, now: float) -> float:
        """For how many seconds the oldest has waited."""
        return max(now - self._bodies[0][0], 0.0) if self._bodies else 0.0

    def misread(self, error: Exception) -> None:
        """A frame was no pair; the first one is named in the log."""
        if not self.unreadable:
            _log.error("pair_unreadable", error=str(error))
        self.unreadable += 1

    def _shed(self, full: Full, body: bytes) -> None:
        self.shed[full] += 1
        try:
            self._tell(decode_label(body))
        except msgspec.DecodeError as error:
            self.misread(error)


class Intake(asyncio.Protocol):
    """One worker's connection: frames in, nothing out."""

    def __init__(self, queue: PairQueue, clock: Callable[[], float]) -> None:
        """To be made for each connection; `clock` is steady, in seconds."""
        self._queue = queue
        self._clock = clock
        self._unframer = Unframer(MAX_PAIR)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A worker has come."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pairs from a worker; one that does not keep to the frames loses its connection, and may come again."""
        try:
            bodies = self._unframer.feed(data)
        except ValueError as error:
            self._queue.misread(error)
            self._transport.abort()
            return
        now = self._clock()
        for body in bodies:
            self._queue.put(body, now)
