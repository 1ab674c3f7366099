"""That there is no clerk, though there should be one, is told: what needs it is answered with 503 all the while.

Rule 1: one that is replaced is back within a second or two, and nobody is told. After `MISSING` seconds it is an alarm,
        told once; that it is back is told as well.
Rule 2: a replica without a clerk stays ready: what needs none goes on, and a clerk that cannot start mostly cannot at
        any replica.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import structlog

EVERY = 1.0
MISSING = 10.0
_SENTENCE = (
    f"there has been no clerk for {MISSING:.0f} s: writes to both sides, idempotency keys and grants are answered with "
    "503; child_died and child_broke in the log say why"
)
_log = structlog.get_logger()


@dataclass(slots=True)
class ClerkWatch:
    """`is_there`: whether a clerk is linked, or none is needed. `alarm` is told a sentence."""

    is_there: Callable[[], bool]
    alarm: Callable[[str], None]
    now: Callable[[], float] = monotonic
    _since: float | None = field(default=None)
    _is_told: bool = False

    async def run(self) -> None:
        """Look until cancelled; run it in the background."""
        while True:
            self.look()
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        """Once."""
        if self.is_there():
            if self._is_told:
                _log.info("clerk_back")
            self._since, self._is_told = None, False
            return
        self._since = self.now() if self._since is None else self._since
        if not self._is_told and self.now() - self._since >= MISSING:
            self._is_told = True
            _log.error("clerk_missing", hint="child_died and child_broke in the log say why")
            self.alarm(_SENTENCE)
