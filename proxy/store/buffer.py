"""Evidence on its way to the store: bounded, and what is lost is counted.

Rule 1: adding never waits; while the store is away, at most `most` records wait, and then the oldest are lost.
Rule 2: what was sent without an answer is sent again under the same id, so it counts once.
Rule 3: what the store refuses is lost at once: sending it again would give the same answer.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque

import structlog

from proxy.core.evidence.records import Increments, joined
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.evidence import EvidenceStore

_log = structlog.get_logger()


class EvidenceBuffer:
    """Between comparisons and the store. `lost` counts records since the start; `waiting` those that are not in yet."""

    def __init__(self, store: EvidenceStore, *, most: int = 50_000, at_once: int = 5_000) -> None:
        """At most `most` records wait, about `at_once` go in one piece."""
        self._store = store
        self._most = most
        self._at_once = at_once
        self._queue: deque[Increments] = deque()
        self._queued = 0
        self._sending: Increments | None = None
        self.lost = 0

    @property
    def waiting(self) -> int:
        """Records that wait, in all increments."""
        return self._queued + len(self._sending or ())

    def add(self, increments: Increments) -> None:
        """Take it along with the next flush."""
        self._queue.append(increments)
        self._queued += len(increments)
        while self.waiting > self._most and self._queue:
            gone = len(self._queue.popleft())
            self._queued -= gone
            self.lost += gone

    async def flush(self) -> bool:
        """Send what waits; whether all of it is in. Not to be called twice at once."""
        while self._queue or self._sending:
            self._sending = self._sending or self._piece()
            try:
                await self._store.add(self._sending)
            except StoreUnavailable:
                return False
            except StoreRefused as error:
                self.lost += len(self._sending)
                _log.error("evidence_refused", records=len(self._sending), error=str(error))
            self._sending = None
        return True

    async def run(self, every: float = 1.0) -> None:
        """Flush every so many seconds, until cancelled; run it in the background."""
        away = False
        while True:
            await asyncio.sleep(every)
            is_in = await self.flush()
            if away is is_in:
                _log.warning("evidence_flowing" if is_in else "evidence_waiting", waiting=self.waiting, lost=self.lost)
            away = not is_in

    def _piece(self) -> Increments:
        parts = [self._queue.popleft()]
        size = len(parts[0])
        while self._queue and size + len(self._queue[0]) <= self._at_once:
            parts.append(self._queue.popleft())
            size += len(parts[-1])
        self._queued -= size
        return parts[0] if len(parts) == 1 else joined(uuid.uuid4().hex, parts)
