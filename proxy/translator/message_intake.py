"""One worker's connection to the translators' process: adapters and messages in, what became of them out.

Rule 1: workers bound how many wait of theirs, each adapter how many wait for it.
Rule 2: a worker that is gone waits for nothing; one that does not read is cut.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, cast

import msgspec
import structlog

from proxy.core.translation.untranslatable import Untranslatable
from proxy.link.messages import Unframer
from proxy.link.translations import (
    MAX_MESSAGE,
    Adapter,
    Forget,
    FromTranslator,
    Keep,
    Message,
    frame_of,
    read_by_translator,
    refusal_of,
)

if TYPE_CHECKING:
    from proxy.translator.adapter_runners import AdapterRunners
    from proxy.translator.waiting_messages import WaitingMessage

MAX_UNREAD: Final = 64 * 1024 * 1024
"""Bytes of answers that a worker may leave unread."""
_log = structlog.get_logger()


class MessageIntake(asyncio.Protocol):
    """To be made for each connection."""

    def __init__(self, runners: AdapterRunners) -> None:
        """`runners` are those of all workers."""
        self._runners = runners
        self._unframer = Unframer(MAX_MESSAGE)
        self._waiting: dict[int, WaitingMessage] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A worker has come."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """A worker has gone: rule 2."""
        del exc
        for waiting in self._waiting.values():
            waiting.is_forgotten = True
        self._waiting.clear()
        self._runners.keep(self, frozenset())

    def cut(self) -> None:
        """The process ends."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """One that does not keep to the frames loses its connection, and may come again."""
        try:
            for body in self._unframer.feed(data):
                self._hear(body)
        except (ValueError, TypeError, msgspec.DecodeError) as error:
            _log.error("message_unreadable", error=str(error))
            self._transport.abort()

    def _hear(self, body: bytes) -> None:
        match said := read_by_translator(body):
            case Adapter():
                self._runners.learn(self, said)
            case Keep():
                self._runners.keep(self, frozenset(said.digests))
            case Message():
                self._begin(said)
            case Forget():
                waiting = self._waiting.pop(said.id, None)
                if waiting is not None:
                    waiting.is_forgotten = True

    def _begin(self, message: Message) -> None:
        runner = self._runners.of(message.adapter)
        if runner is None:
            self._say(refusal_of(message.id, Untranslatable("$", "nobody knows this adapter here", status=503)))
            return
        waiting = runner.put(message, self._answered)
        if waiting is not None:
            self._waiting[message.id] = waiting

    def _answered(self, said: FromTranslator) -> None:
        self._waiting.pop(said.id, None)
        self._say(said)

    def _say(self, said: FromTranslator) -> None:
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MAX_UNREAD:
            self._transport.abort()
            return
        self._transport.write(frame_of(said))
