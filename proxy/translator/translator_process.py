"""The translators' process: what no worker should do between two reads, long bodies above all.

Rule 1: each adapter has a process of its own (`adapter_runner.py`); this one runs nothing of theirs, and only hands
        messages on, so that no adapter keeps another one, or a worker, waiting.
Rule 2: workers ask over its socket and go on; it may die at any moment and be started again: what was not answered is
        asked again.
Rule 3: SIGTERM comes once no worker is left: there is nothing to finish.
"""

from __future__ import annotations

import asyncio
import signal
import socket

import structlog

from proxy.tasks import Tasks
from proxy.translator.adapter_runners import AdapterRunners
from proxy.translator.message_intake import MessageIntake

_log = structlog.get_logger()


class TranslatorProcess:
    """From its first connection to its end."""

    def __init__(self, translations: socket.socket) -> None:
        """`translations` is bound and listening. To be made inside the running loop."""
        self._sock = translations
        self._tasks = Tasks()
        self._runners = AdapterRunners(self._tasks)

    async def run(self) -> None:
        """Translate until told to stop."""
        loop = asyncio.get_running_loop()
        stopping = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stopping.set)
        for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR2):
            loop.add_signal_handler(ignored, lambda: None)
        server = await loop.create_unix_server(lambda: MessageIntake(self._runners), sock=self._sock)
        _log.info("translator_started")
        await stopping.wait()
        server.close()
        await self._runners.end()
        await self._tasks.end()
        _log.info("translator_ended")
