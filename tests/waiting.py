"""Waiting for what nothing announces: the one loop that looks again. Its patience bounds a hang, no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable

PATIENCE = 120.0
"""Seconds; outlasts a busy machine."""


async def until(holds: Callable[[], object | Awaitable[object]]) -> None:
    """Return once `holds()` is true, `TimeoutError` after `PATIENCE`; what is awaited for it is asked less often."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = holds()
            pause = 0.05 if isawaitable(found) else 0.005
            if await found if isawaitable(found) else found:
                return
            await asyncio.sleep(pause)


def blocking_until(holds: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """The same where no loop runs: whether it held within the time."""
    end = time.monotonic() + seconds
    while not (held := bool(holds())) and time.monotonic() < end:
        time.sleep(0.02)
    return held
