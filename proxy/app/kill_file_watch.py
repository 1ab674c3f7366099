"""Watches the kill file from a thread, and tells the loop when an order comes, changes or goes.

Rule 1: the loop never waits for the disk: a file system that hangs keeps the thread, and nothing else.
Rule 2: it depends on nothing but the disk: neither control nor a store is asked.
Rule 3: when nobody can tell whether the file is there, the last answer holds, and the log says so once. Whatever goes
        wrong in a look, the next one is made.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path

import structlog

from proxy.config.files.kill_file import read
from proxy.core.routing.kill_switch import KillSwitchOrder

LOOK_EVERY = 0.05
"""Seconds between two looks; one costs a worker a few microseconds."""
FIRST_LOOK = 1.0
"""Seconds that whoever begins waits for the first look before it begins without."""
_log = structlog.get_logger()
Tell = Callable[[KillSwitchOrder | None], None]


class KillFile:
    """The watch over one path; to be made inside the running loop."""

    def __init__(self, path: Path, tell: Tell, *, every: float = LOOK_EVERY) -> None:
        """`tell` is called in the loop with each new order, and with None when it has been lifted."""
        self.path = path
        self._tell = tell
        self._every = every
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()  # its log lines say which process this is; a thread's own would not
        self._looked = asyncio.Event()
        self._ended = threading.Event()
        self._seen: KillSwitchOrder | None = None
        self._fault = ""
        self._thread = threading.Thread(target=self._watch, name="kill-file", daemon=True)

    async def start(self, within: float = FIRST_LOOK) -> None:
        """Begin to watch; return when the first look has been told, or after `within` seconds."""
        self._thread.start()
        try:
            async with asyncio.timeout(within):
                await self._looked.wait()
        except TimeoutError:
            _log.error("kill_file_hangs", path=str(self.path), hint="its file system does not answer; served without")

    def follow(self, path: Path) -> None:
        """Watch another path from the next look on; an order at the old one ends, unless it stands at the new one."""
        self.path = path

    def end(self) -> None:
        """Stop; a thread that hangs is left behind, and ends with the process."""
        self._ended.set()

    def _watch(self) -> None:
        self._look()
        self._in_loop(self._looked.set)
        while not self._ended.wait(self._every):
            self._look()

    def _look(self) -> None:
        path = self.path
        try:
            order = read(path)
        except Exception as error:  # noqa: BLE001 -- the watch may not end with a file that nobody foresaw
            fault = str(error) or type(error).__name__
            if fault != self._fault:
                self._fault = fault
                self._in_loop(self._complain, fault)
            return
        self._fault = ""
        if order != self._seen:
            self._seen = order
            self._in_loop(self._tell, order)

    def _in_loop(self, call: Callable[..., None], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments, context=self._context)
        except RuntimeError:  # the loop is closed: the process ends, and the watch with it
            self._ended.set()

    def _complain(self, fault: str) -> None:
        _log.error("kill_file_unreadable", path=str(self.path), error=fault, killed=self._seen is not None)
