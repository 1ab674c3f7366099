"""A program that is run to its end, and not beyond: whatever ends the story ends it as well."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from examples.stage.children import StoryError

MOST = 600.0
"""Seconds for a program: one that compares the rows of two databases may take minutes."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a program printed, and how it left."""

    code: int
    text: str


async def run_to_end(
    command: Sequence[str], *, given: str = "", folder: Path | None = None, env: Mapping[str, str] | None = None
) -> Said:
    """StoryError when it does not end."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=env,
    )
    try:
        async with asyncio.timeout(MOST):
            out, _ = await process.communicate(given.encode())
            return Said(await process.wait(), out.decode())
    except TimeoutError:
        raise StoryError(f"{' '.join(command)} has not ended in {MOST:g} s") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
