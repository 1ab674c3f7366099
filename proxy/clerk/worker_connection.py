"""One worker's connection to the clerk: questions and notices in, answers and receipts out.

Rule 1: each question and each notice is a task of its own; what is forgotten is undone after its answer was worked out.
Rule 2: workers bound how many wait; the clerk takes what they ask, and cuts one that does not read its answers.
Rule 3: a notice that cannot be taken now is tried again until it is, though the worker may be gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

import msgspec
import structlog

from proxy.link.messages import Unframer
from proxy.link.questions import (
    MAX_QUESTION,
    Answer,
    Answered,
    Asked,
    Forgotten,
    FromClerk,
    Question,
    Taken,
    Told,
    Unavailable,
    frame_of,
    kind_of,
    read_by_clerk,
)
from proxy.link.token_messages import UpstreamTokens
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.tasks import Tasks

if TYPE_CHECKING:
    from proxy.clerk.handler import AnyHandler

MAX_UNREAD = 64 * 1024 * 1024
"""Bytes of answers that a worker may leave unread."""
AGAIN_AFTER = 1.0
"""Seconds until a notice that could not be taken is tried again."""
_AWAY = "what has to be known first cannot be asked for now"
_log = structlog.get_logger()


class Handlers:
    """All features of the clerk, by what they take."""

    def __init__(self, handlers: Sequence[AnyHandler]) -> None:
        """No two take the same."""
        self.all = tuple(handlers)
        self._by_type: Mapping[type[msgspec.Struct], AnyHandler] = {
            each: handler for handler in handlers for each in handler.takes
        }
        self.running = 0
        self.is_away = False

    async def answer(self, question: Question) -> Answer:
        """Of the feature, or that there is none now."""
        self.running += 1
        try:
            answer = await self._of(question).answer(question)
        except (StoreUnavailable, StoreRefused) as error:
            self._went_away(error)
            return Unavailable(_AWAY)
        finally:
            self.running -= 1
        self.is_away = False
        return answer

    async def take(self, said: Told | Forgotten) -> bool:
        """Whether a notice was taken, or a question forgotten; what the store refuses it would refuse for ever."""
        about = said.notice if isinstance(said, Told) else said.question
        handler = self._of(about)
        try:
            await (handler.take(about) if isinstance(said, Told) else handler.forget(about))
        except StoreUnavailable as error:
            self._went_away(error)
            return False
        except StoreRefused as error:
            _log.exception("notice_refused", kind=kind_of(about), exc_info=error)
        return True

    def _of(self, said: msgspec.Struct) -> AnyHandler:
        return self._by_type[type(said)]

    def _went_away(self, error: Exception) -> None:
        if not self.is_away:
            _log.error("clerk_cannot_answer", error=str(error))
        self.is_away = True


class Listeners:
    """All connected workers, and what each is told as the first word. `none` is set while there is no worker."""

    def __init__(self) -> None:
        """Nobody is connected, and there is nothing to tell."""
        self.none = asyncio.Event()
        self.none.set()
        self._connections: set[WorkerConnection] = set()
        self._tokens: UpstreamTokens | None = None

    def tell(self, tokens: UpstreamTokens) -> None:
        """Everybody, and who connects later."""
        self._tokens = tokens
        for connection in tuple(self._connections):
            connection.say(tokens)

    def joined(self, connection: WorkerConnection) -> None:
        """A worker has come."""
        self._connections.add(connection)
        self.none.clear()
        if self._tokens is not None:
            connection.say(self._tokens)

    def left(self, connection: WorkerConnection) -> None:
        """A worker has gone."""
        self._connections.discard(connection)
        if not self._connections:
            self.none.set()


class WorkerConnection(asyncio.Protocol):
    """To be made for each connection."""

    def __init__(self, handlers: Handlers, tasks: Tasks, listeners: Listeners | None = None) -> None:
        """`tasks` outlive the connection: what was begun is done. `listeners` None: nothing is told unasked."""
        self._listeners = listeners or Listeners()
        self._handlers = handlers
        self._tasks = tasks
        self._unframer = Unframer(MAX_QUESTION)
        self._asked: dict[int, asyncio.Task[None]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A worker has come."""
        self._transport = cast("asyncio.Transport", transport)
        self._listeners.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """A worker has gone."""
        del exc
        self._listeners.left(self)

    def data_received(self, data: bytes) -> None:
        """One that does not keep to the frames loses its connection, and may come again."""
        try:
            for body in self._unframer.feed(data):
                self._hear(body)
        except (ValueError, msgspec.DecodeError) as error:
            _log.error("question_unreadable", error=str(error))
            self._transport.abort()

    def _hear(self, body: bytes) -> None:
        match said := read_by_clerk(body):
            case Asked():
                self._asked[said.id] = self._tasks.start(self._answer(said), name="question")
            case Told():
                self._tasks.start(self._take(said), name="notice")
            case Forgotten():
                self._tasks.start(self._forget(said), name="forgotten")

    async def _answer(self, asked: Asked) -> None:
        try:
            self.say(Answered(asked.id, await self._handlers.answer(asked.question)))
        finally:
            del self._asked[asked.id]

    async def _forget(self, forgotten: Forgotten) -> None:
        answering = self._asked.get(forgotten.id)
        if answering is not None:
            await asyncio.wait((answering,))
        await self._take(forgotten)

    async def _take(self, said: Told | Forgotten) -> None:
        taken = await self._handlers.take(said)
        while not taken:
            await asyncio.sleep(AGAIN_AFTER)
            taken = await self._handlers.take(said)
        self.say(Taken(said.id))

    def say(self, said: FromClerk) -> None:
        """Rule 2."""
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MAX_UNREAD:
            self._transport.abort()
            return
        self._transport.write(frame_of(said))
