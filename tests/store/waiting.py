"""Waiting for what other processes do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object]) -> None:
    """Until it holds; a minute is for machines that do much else."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - other processes announce nothing
            await asyncio.sleep(0.01)
