"""The last orders on this replica's own disk: what a worker begins with, and control, whatever the store does.

Rule 1: the file is replaced in one step; a crash, or a full disk, leaves the old one or the new one.
Rule 2: control never waits for the disk: the newest text is written by a thread, those in between are passed over.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from proxy.control.position.standing_file import Kept, begun, read
from proxy.whole_file import write_whole

NAME = "last-orders.json"
_log = structlog.get_logger()


def load(directory: Path) -> Kept | None:
    """What was kept; None when there is nothing, or nothing that this version understands."""
    try:
        text = (directory / NAME).read_bytes()
    except OSError:
        return None
    return read(text)


def begin(directory: Path, state: str) -> Kept:
    """What to begin with, for who reads this `state:`."""
    return begun(load(directory), state)


def save(directory: Path, text: bytes) -> None:
    """Keep it; OSError when the directory cannot be written."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(directory / NAME, text)


class Keeper:
    """Writes the newest text; `run` is to be started in the background."""

    def __init__(self, directory: Path) -> None:
        """Nothing is written yet."""
        self._directory = directory
        self._text: bytes | None = None
        self._come = asyncio.Event()
        self._fault = ""

    def keep(self, text: bytes) -> None:
        """Write this soon."""
        self._text = text
        self._come.set()

    async def run(self) -> None:
        """Write what comes, for ever."""
        while True:
            await self._come.wait()
            self._come.clear()
            await self.write()

    async def write(self) -> None:
        """Write what waits, if anything does."""
        text, self._text = self._text, None
        if text is None:
            return
        try:
            await asyncio.to_thread(save, self._directory, text)
            self._fault = ""
        except OSError as error:
            if str(error) != self._fault:
                self._fault = str(error)
                _log.error("last_orders_not_kept", directory=str(self._directory), error=self._fault)
