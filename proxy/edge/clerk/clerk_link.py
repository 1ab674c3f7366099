"""A worker's end of the clerk's socket: it asks and goes on; an answer, a deadline or the client's leaving ends a wait.

Rule 1: what is not answered when the clerk dies is asked again of its successor, as long as somebody waits; a notice is
        told again until it was taken, and so is that nobody waits any more.
Rule 2: requests that wait, and bytes of questions and notices together, are bounded; beyond, a request is 503 at once,
        and a notice is lost, which its feature has to bear.
Rule 3: a wait ends within its time whatever the clerk does: away, hung, or without its database, the client gets 503
        and may come back. Nobody else notices.
Rule 4: when the deadline or the client's leaving ends a wait, the clerk hears so, and undoes what was done for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final

import msgspec
import structlog

from proxy.core.outcome import AskOutcome
from proxy.edge.routing.step import LocalAnswer, Wait
from proxy.edge.steps.step_kind import WITHIN, Hear, nobody
from proxy.link.messages import AskedDelta, Unframer
from proxy.link.questions import (
    MAX_QUESTION,
    QUESTIONS,
    Answer,
    Answered,
    Asked,
    Forgotten,
    FromClerk,
    Notice,
    Question,
    Taken,
    Told,
    Unavailable,
    frame_of,
    kind_of,
    read_by_worker,
)
from proxy.link.reconnecting import LAST_MOMENT, ReconnectingLink
from proxy.link.token_messages import UpstreamTokens

MAX_WAITS: Final = 1024
"""Requests of one worker that may wait for the clerk."""
MAX_HELD: Final = 16 * 1024 * 1024
"""Bytes of questions that wait for an answer, and of notices that wait to be taken, in one worker."""
MAX_UNREAD = 2 * MAX_HELD
"""Bytes that a clerk may leave unread; of one that reads nothing the connection is ended, and made anew."""
LONGEST_DELAY = 0.25
"""Seconds between two looks for a clerk that is gone: a fraction of what a request waits."""
_log = structlog.get_logger()


class ClerkLink(ReconnectingLink):
    """One worker's `Clerk`. `waits` is how many requests wait, `held` how many bytes are kept for the clerk.

    `hear_tokens` is told what upstreams are asked with, whenever that changes. `has_spoken` is set once a clerk has
    said its first word: its socket takes connections before there is one.
    """

    def __init__(self, directory: Path) -> None:
        """`directory` is that of the private sockets."""
        super().__init__(directory / QUESTIONS, LONGEST_DELAY)
        self.held = 0
        self.has_spoken = asyncio.Event()
        self._last = 0
        self._unframer = Unframer(MAX_QUESTION)
        self.hear_tokens: Callable[[UpstreamTokens], None] = _no_tokens
        self._asked: dict[int, _Asking] = {}
        self._told: dict[int, bytes] = {}
        self._hear_taken: dict[int, Callable[[], None]] = {}
        self._all_taken = asyncio.Event()
        self._outcomes: Counter[tuple[str, AskOutcome]] = Counter()

    @property
    def waits(self) -> int:
        """How many requests wait."""
        return len(self._asked)

    def ask(self, question: Question, hear: Hear, within: float = WITHIN) -> Wait | LocalAnswer:
        """As `Clerk` says."""
        frame = frame_of(Asked(self._last + 1, question))
        if len(self._asked) >= MAX_WAITS or self.held + len(frame) > MAX_HELD:
            self._outcomes[kind_of(question), AskOutcome.NO_ROOM] += 1
            return _unavailable(Unavailable("too many requests wait for what has to be known first"))
        self._last += 1
        wait = Wait(within, partial(self._abandoned, self._last), _LATE)
        self._asked[self._last] = _Asking(question, frame, wait, hear, monotonic() + within)
        self._send(frame)
        return wait

    def tell(self, notice: Notice, taken: Callable[[], None] = nobody) -> bool:
        """As `Clerk` says."""
        frame = frame_of(Told(self._last + 1, notice))
        if self.held + len(frame) > MAX_HELD:
            self._outcomes[kind_of(notice), AskOutcome.NO_ROOM] += 1
            _log.error("notice_lost", kind=kind_of(notice), hint="the clerk has not answered for long")
            return False
        self._last += 1
        if taken is not nobody:
            self._hear_taken[self._last] = taken
        self._tell(self._last, frame)
        return True

    def take_outcomes(self) -> list[AskedDelta]:
        """What became of questions since the last call."""
        taken, self._outcomes = self._outcomes, Counter()
        return [AskedDelta(kind, outcome.value, count) for (kind, outcome), count in taken.items()]

    async def finish(self) -> None:
        """Close once all notices were taken, or after a moment."""
        if self._told:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_MOMENT):
                    await self._all_taken.wait()
        self.end()

    def _tell(self, number: int, frame: bytes) -> None:
        self._told[number] = frame
        self._all_taken.clear()
        self._send(frame)

    def _send(self, frame: bytes) -> None:
        self.held += len(frame)
        self._write(frame)

    def _write(self, frame: bytes) -> None:
        """What is not written here is said at the next connection, if it still matters."""
        if self._transport is not None and (self.unread or 0) > MAX_UNREAD:
            self._transport.abort()
        else:
            self.write(frame)

    # -- the connection -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A clerk is there: it hears what none has answered, in the order in which it was said (rule 1)."""
        super().connection_made(transport)
        self._unframer = Unframer(MAX_QUESTION)
        waiting = {number: asking.frame for number, asking in self._asked.items()} | self._told
        self.write(b"".join(waiting[number] for number in sorted(waiting)))

    def data_received(self, data: bytes) -> None:
        """Answers and receipts."""
        try:
            for body in self._unframer.feed(data):
                self._hear(read_by_worker(body))
        except (ValueError, msgspec.DecodeError) as error:
            _log.error("answer_unreadable", error=str(error))
            self.end()

    def _hear(self, said: FromClerk) -> None:
        match said:
            case Answered():
                self._answered(said)
            case Taken():
                self._taken(said.id)
            case UpstreamTokens():  # each clerk's first word
                self.hear_tokens(said)
                self.has_spoken.set()

    def _taken(self, number: int) -> None:
        self.held -= len(self._told.pop(number, b""))
        self._hear_taken.pop(number, nobody)()
        if not self._told:
            self._all_taken.set()

    def _answered(self, said: Answered) -> None:
        asking = self._end(said.id)
        if asking is None:
            return  # it came too late, or twice
        answer = said.answer
        if isinstance(answer, Unavailable):
            self._count(asking, AskOutcome.UNAVAILABLE)
            asking.wait.answer(_unavailable(answer))
            return
        self._count(asking, AskOutcome.ANSWERED)
        made = _heard(asking, answer)
        if made is None:
            asking.wait.go_on()
        else:
            asking.wait.answer(made)

    def _abandoned(self, number: int) -> None:
        """Rule 4."""
        asking = self._end(number)
        if asking is not None:
            self._count(asking, AskOutcome.LATE if monotonic() >= asking.until else AskOutcome.LEFT)
            self._tell(number, frame_of(Forgotten(number, asking.question)))

    def _end(self, number: int) -> _Asking | None:
        asking = self._asked.pop(number, None)
        if asking is not None:
            self.held -= len(asking.frame)
        return asking

    def _count(self, asking: _Asking, outcome: AskOutcome) -> None:
        self._outcomes[kind_of(asking.question), outcome] += 1


class _Asking:
    """A question that waits for its answer; `until` is monotonic."""

    __slots__ = ("frame", "hear", "question", "until", "wait")

    def __init__(self, question: Question, frame: bytes, wait: Wait, hear: Hear, until: float) -> None:
        self.question = question
        self.frame = frame
        self.wait = wait
        self.hear = hear
        self.until = until


def _heard(asking: _Asking, answer: Answer) -> LocalAnswer | None:
    """An error of a step costs its own request, not the link."""
    try:
        return asking.hear(answer)
    except Exception as error:  # noqa: BLE001 -- whatever it is
        _log.error("answer_broke", kind=kind_of(asking.question), exc_info=error)
        return LocalAnswer(500, "the proxy failed on this request")


def _no_tokens(_: UpstreamTokens) -> None:
    """Stands for who hears of tokens, before there is somebody."""


_LATE: Final = LocalAnswer(
    503,
    "the clerk did not answer in time: it, or the database that it asks, is away, or has just begun",
    lines=(b"Retry-After: 1",),
)


def _unavailable(answer: Unavailable) -> LocalAnswer:
    return LocalAnswer(503, answer.detail, lines=(b"Retry-After: %d" % answer.again,))
