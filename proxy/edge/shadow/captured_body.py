"""One side's answer, kept while it passes: references to the pieces as they came, no copies, and never beyond the cap.

Rule 1: a body over the cap is let go at once and counted on: it is truncated, never equal.
Rule 2: all that is kept counts against one bound of the worker; what finds no room there is shed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.http.rewrite import rewrite_lines
from proxy.core.outcome import Refused
from proxy.core.parity.pair import BREAKER_OPEN, FAILED, SHED, STREAMING, TIMED_OUT, CapturedAnswer, Fields

if TYPE_CHECKING:
    from proxy.core.http.response import ResponseHead
    from proxy.core.outcome import Failure
    from proxy.edge.routing.byte_allowance import ByteAllowance

_EVENTS = b"text/event-stream"
_CONTENT_TYPE = b"content-type"
_LEFT_ALONE = frozenset({Refused.UPSTREAM, Refused.BREAKER})


class CapturedBody:
    """An answer on its way: asked at `began` (monotonic; 0: not yet), over `seconds` later.

    `failure` says why it is not whole; `size` goes on growing when nothing is kept.
    """

    __slots__ = ("_cap", "_head", "_held", "_pieces", "_room", "_whole", "began", "failure", "seconds", "size")

    def __init__(self, room: ByteAllowance, cap: int) -> None:
        """At most `cap` bytes of the body."""
        self._room = room
        self._cap = cap
        self._head: ResponseHead | None = None
        self._pieces: list[bytes] = []
        self._held = 0
        self._whole = True
        self.failure = ""
        self.began = 0.0
        self.seconds = 0.0
        self.size = 0

    @property
    def is_over(self) -> bool:
        """Whether the body is larger than what is kept: no more of it is needed."""
        return not self._whole

    @property
    def is_whole(self) -> bool:
        """Whether all of an answer is there, once nothing more will come."""
        return self._whole and self._head is not None

    @property
    def status(self) -> int:
        """That of the answer; 0 while there is none."""
        return 0 if self._head is None else self._head.status

    @property
    def has_echo(self) -> bool:
        """Whether the side has said whom it saw."""
        return self._head is not None and bool(self._head.saw)

    @property
    def is_truncated(self) -> bool:
        """Whether it is over only because the body is larger than the cap."""
        return not self._whole and not self.failure

    def begin(self, head: ResponseHead, payload: bytes) -> None:
        """The final head, and what came along."""
        self._head = head
        if head.length > self._cap:
            self._let_go()
        if is_stream(head):
            self.fail(STREAMING)
        if payload:
            self.add(payload)

    def add(self, payload: bytes) -> None:
        """More of the body."""
        self.size += len(payload)
        if not self._whole:
            return
        if self.size > self._cap:
            self._let_go()
        elif self._room.take(len(payload)):
            self._held += len(payload)
            self._pieces.append(payload)
        else:
            self.fail(SHED)

    def fail(self, why: str) -> None:
        """There will be no whole answer; the first reason counts."""
        self.failure = self.failure or why
        self._let_go()

    def forget(self) -> None:
        """This answer was not the one: another follows."""
        self.free()
        self._head = None
        self._whole = True
        self.size = 0

    def free(self) -> None:
        """Nothing is held any more."""
        self._pieces = []
        self._room.give_back(self._held)
        self._held = 0

    def _let_go(self) -> None:
        self._whole = False
        self.free()

    def answer(self, upstream: bytes, public: tuple[bytes, bytes] | None, epoch: float) -> CapturedAnswer:
        """As the client sees it; `public` None: nothing in it names the upstream; `epoch`: unix time at monotonic 0."""
        head = self._head
        began, answered = 0.0, 0.0
        if self.began:
            began = self.began + epoch
            answered = began + self.seconds
        if head is None:
            return CapturedAnswer(
                status=0,
                fields=(),
                body=b"",
                size=0,
                seconds=self.seconds,
                failure=self.failure or FAILED,
                began=began,
                answered=answered,
            )
        lines = head.lines
        if public is not None and head.rewritable:
            lines = rewrite_lines(lines, upstream, *public)
        if head.saw:
            lines = [*lines, b"X-Banyan-Saw: " + head.saw]
        return CapturedAnswer(
            status=head.status,
            fields=fields_of(lines),
            body=b"".join(self._pieces),
            size=self.size if self._whole else max(self.size, head.length, 1),
            seconds=self.seconds,
            failure=self.failure,
            began=began,
            answered=answered,
        )

    def value(self, name: bytes) -> bytes:
        """The first value of a field (lower-case name), or nothing."""
        return b"" if self._head is None else value_of(self._head, name)


def why_not_whole(failure: Failure) -> str:
    """The word for a failure of the side that was asked, or for why Banyan refused to ask it."""
    if failure.refused is not None:
        return BREAKER_OPEN if failure.refused in _LEFT_ALONE else SHED
    return TIMED_OUT if failure.timed_out else FAILED


def fields_of(lines: list[bytes]) -> Fields:
    """Raw field lines as names and values."""
    pairs = []
    for line in lines:
        name, _, value = line.partition(b":")
        pairs.append((name, value.strip(b" \t")))
    return tuple(pairs)


def value_of(head: ResponseHead, name: bytes) -> bytes:
    """The first value of a field of this lower-case name, or nothing."""
    for line in head.lines:
        if line[: len(name)].lower() == name and line[len(name) : len(name) + 1] == b":":
            return line[len(name) + 1 :].strip(b" \t")
    return b""


def is_stream(head: ResponseHead) -> bool:
    """Whether it is meant to go on for ever."""
    return head.length < 0 and value_of(head, _CONTENT_TYPE).lower().startswith(_EVENTS)
