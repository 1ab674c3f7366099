"""Waiting for what other processes do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from proxy.store.postgres.connections import Patience

PATIENT = Patience(timeout=60.0, connect=60.0, first_wait=0.05, longest_wait=0.2)
"""For tests of anything but patience: a busy machine is not a server that is away."""


async def until(condition: Callable[[], object]) -> None:
    """Until it holds; a minute is for machines that do much else."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - other processes announce nothing
            await asyncio.sleep(0.01)
