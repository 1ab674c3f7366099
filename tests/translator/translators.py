"""The translators' process in the test's own loop: the real socket, connections, runners and adapters' processes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from proxy.core.outcome import Side
from proxy.core.translation.adapter_code import MadeElsewhere, ToMake
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.field_steps import Rename
from proxy.core.translation.untranslatable import Untranslatable
from proxy.edge.translator.translator_link import LINGERS, Heard, TranslatorLink
from proxy.link.translations import TRANSLATIONS
from proxy.tasks import Tasks
from proxy.translator.adapter_runners import AdapterRunners
from proxy.translator.message_intake import MessageIntake
from tests.core.translation.test_body_path import path

PATIENCE = 60.0
"""Seconds for a process to start; outlasts a busy machine."""
TEL = AdapterPolicy(name="tel", speaks=Side.LEGACY, timeout=PATIENCE, request=(Rename(path("$.tel"), "phone"),))
LONG = b'{"tel":1.10,"text":"%b"}' % (b"x" * 9000)
TRANSLATED = LONG.replace(b"tel", b"phone")


class Translators:
    """To be started and ended, again and again, at the same path."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / TRANSLATIONS
        self._tasks = Tasks()
        self.runners = AdapterRunners(self._tasks)
        self._server: asyncio.Server | None = None
        self._connections: list[MessageIntake] = []

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(self._connect, str(self._path))

    def _connect(self) -> MessageIntake:
        made = MessageIntake(self.runners)
        self._connections.append(made)
        return made

    async def end(self) -> None:
        """As the process ends: its connections with it."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cut()
        await self.runners.end()
        await self._tasks.end()


@contextlib.asynccontextmanager
async def translators_at(directory: Path) -> AsyncIterator[Translators]:
    made = Translators(directory)
    await made.start()
    try:
        yield made
    finally:
        await made.end()


@contextlib.asynccontextmanager
async def linked(directory: Path, lingers: float = LINGERS) -> AsyncIterator[TranslatorLink]:
    """A worker's link, looking for the process."""
    tasks = Tasks()
    link = TranslatorLink(directory, PATIENCE, lingers)
    tasks.start(link.run(), name="link")
    try:
        yield link
    finally:
        link.end()
        await tasks.end()


async def made(link: TranslatorLink, adapter: AdapterPolicy, message: ToMake) -> Heard:
    """What became of one message."""
    heard: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
    link.ask(adapter, message, heard.set_result)
    return await heard


async def asked(
    link: TranslatorLink, adapter: AdapterPolicy = TEL, body: bytes = LONG, status: int = 0
) -> bytes | Untranslatable | None:
    """What became of one body."""
    found = await made(link, adapter, ToMake(body, status, b"POST", b"/", []))
    return found.body if isinstance(found, MadeElsewhere) else found
