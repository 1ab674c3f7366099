"""The two systems of the miniature as processes, and the deploy that mends the new one.

Rule 1: an address is bound here before its system starts; a copy is held for new until it is deployed again: for
a moment both releases answer, and nobody waits. What waits reads late, and sees what was written meanwhile.
Rule 2: processes are started in the main thread: the kernel ties them to the thread that made them.
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from proxy.demo.children import Child, Children
from proxy.demo.listening import UP
from proxy.demo.new import FIRST, MENDED
from proxy.demo.routes_file import LOOPBACK


class Systems:
    """Both are bound by making this; a context manager that lets the addresses go."""

    def __init__(self, children: Children, database: Path) -> None:
        """Nothing is started yet."""
        self._children = children
        self._database = database
        self._for_legacy = socket.create_server((LOOPBACK, 0))
        self._for_new = socket.create_server((LOOPBACK, 0))
        self.legacy_port = int(self._for_legacy.getsockname()[1])
        self.new_port = int(self._for_new.getsockname()[1])
        self._new: Child | None = None

    def start(self) -> int:
        """Start both, new in its first release; legacy's process id."""
        legacy = self._start("legacy", self._for_legacy)
        self._for_legacy.close()
        self._new = self._start("new", self._for_new, FIRST)
        return legacy.process.pid

    async def deploy(self) -> str:
        """Replace new's first release by the mended one; its name."""
        mended = self._start("new", self._for_new, MENDED)
        self._for_new.close()
        while UP not in mended.last_words:
            self._children.check()
            await asyncio.sleep(0.05)
        if self._new is not None:
            await asyncio.to_thread(self._children.end, self._new)
        self._new = mended
        return MENDED

    def close(self) -> None:
        """Let go of the addresses."""
        self._for_legacy.close()
        self._for_new.close()

    def _start(self, name: str, bound: socket.socket, *more: str) -> Child:
        descriptor = bound.fileno()
        arguments = (str(self._database), str(descriptor), *more)
        log = "-".join((name, *more))
        return self._children.start(log, f"proxy.demo.{name}", *arguments, hands_down=(descriptor,))
