"""The file of `suspend:` watched: whoever comes onto it is suspended within a second.

Rule 1: a change is taken when two looks have seen the same file: one that is written to just now may be empty. What is
        there at the start is taken at once.
Rule 2: while the file is missing, or cannot be read, the last list holds, and the log says so once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from proxy.core.auth.suspension import in_quotes

LOOK_EVERY = 0.2
"""Seconds between two looks, of which a change takes two at the most."""
_log = structlog.get_logger()
Read = Callable[[Path], frozenset[str] | str]
Signature = tuple[int, int, int]


class SuspendedList:
    """`path` is that of the running table; None: it names none."""

    def __init__(self, read: Read, tell: Callable[[frozenset[str]], None]) -> None:
        """`read` may block; `tell` hears of each new list."""
        self._read = read
        self._tell = tell
        self._path: Path | None = None
        self._seen: Signature | str | None = None
        self._taken: Signature | str | None = None
        self._fault = ""

    def follow(self, path: Path | None) -> None:
        """Watch this file from the next look on."""
        if path != self._path:
            self._path, self._seen, self._taken = path, None, None
        if path is None:
            self._tell(frozenset())

    async def run(self) -> None:
        """Look at it for ever."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Once."""
        path = self._path
        if path is None:
            return
        seen = await asyncio.to_thread(_signature, path)
        before, self._seen = self._seen, seen
        is_steady = seen == before or self._taken is None
        if seen == self._taken or not is_steady:
            return
        found = await asyncio.to_thread(self._read, path)
        if path != self._path:
            return
        self._taken = seen
        if isinstance(found, str):
            self._complain(path, found)
        else:
            self._fault = ""
            if quoted := in_quotes(found):
                hint = "quotes are taken for part of a subject; take them off"
                _log.warning("suspended_list_quoted", path=str(path), subjects=len(quoted), hint=hint)
            self._tell(found)

    def _complain(self, path: Path, fault: str) -> None:
        if fault != self._fault:
            self._fault = fault
            _log.error("suspended_list_unreadable", path=str(path), error=fault, hint="the last list holds")


def _signature(path: Path) -> Signature | str:
    try:
        found = path.stat()
    except OSError as error:
        return str(error.strerror)
    return found.st_mtime_ns, found.st_size, found.st_ino
