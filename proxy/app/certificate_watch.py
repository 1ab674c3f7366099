"""A worker's look at the files of its TLS contexts: once a second, and when SIGHUP asks; what changed is said.

Rule 1: the looks are in a thread, since a file system may hang; nobody who is connected waits or notices.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from proxy.tls.live_contexts import ListenerContexts, UpstreamContext

LOOK_EVERY = 1.0
_log = structlog.get_logger()


class Serving(Protocol):
    """A listener."""

    @property
    def kept(self) -> list[tuple[str, ListenerContexts | UpstreamContext]]:
        """Contexts by the key of routes.yaml that names their files."""


class Certificates:
    """Keeps what a listener shows and trusts as its files say."""

    def __init__(self, serving: Serving) -> None:
        """To be made inside the running loop."""
        self._serving = serving
        self._asked = asyncio.Event()

    def force(self) -> None:
        """Read all files now, changed or not (SIGHUP)."""
        self._asked.set()

    async def run(self) -> None:
        """Look for ever; the first look tells what could not be used from the start."""
        for key, each in self._serving.kept:
            if each.problem:
                _tell(key, each)
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._asked.wait()
            except TimeoutError:
                pass
            forced = self._asked.is_set()
            self._asked.clear()
            await self._look(forced=forced)

    async def _look(self, *, forced: bool) -> None:
        kept = self._serving.kept
        changed = await asyncio.to_thread(lambda: [pair for pair in kept if pair[1].refresh(force=forced)])
        for key, each in changed:
            _tell(key, each)


def _tell(key: str, each: ListenerContexts | UpstreamContext) -> None:
    if each.problem:
        instead = "what was read before" if each.context is not None else "nothing; the upstream cannot be reached"
        _log.error("tls_file_refused", key=key, problem=each.problem, instead=instead)
    else:
        _log.info("tls_files_loaded", key=key)
