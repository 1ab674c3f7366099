"""What taps make of an answer: kept whole for one of them, refused, or replaced (`routing/tap.py`, rules 3 and 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy.core.http.response import ResponseHead
from proxy.core.outcome import Blame, Failure, Phase

if TYPE_CHECKING:
    from proxy.edge.routing.step import LocalAnswer, Wait
    from proxy.edge.routing.tap import Tap

_BAD_GATEWAY: Final = 502


class HeldAnswer:
    """`head` as it came; `is_open` while more of the body is kept. `word` is what it waits for, once it is whole."""

    def __init__(self, head: ResponseHead, tap: Tap) -> None:
        """For this one, which says how much."""
        self.head = head
        self.tap = tap
        self.is_open = True
        self.word: Wait | None = None
        self._most = tap.holds
        self._size = 0
        self._parts: list[bytes] = []

    def add(self, payload: bytes) -> None:
        """More of its body."""
        self._size += len(payload)
        self._parts.append(payload)

    @property
    def is_full(self) -> bool:
        """Whether it is longer than may be kept."""
        return self._size > self._most

    @property
    def body(self) -> bytes:
        """What has come so far."""
        return b"".join(self._parts)

    def whole_head(self) -> ResponseHead:
        """The head with the length that is known now; trailers are not passed on."""
        head = self.head
        if head.length >= 0:
            return head
        made = ResponseHead(head.status, head.reason, head.minor)
        at = head.framing_at
        lines = head.lines if at < 0 else head.lines[:at] + head.lines[at + 1 :]
        made.framing_at = len(lines)
        made.lines = [*lines, b"Content-Length: %d" % self._size]
        made.length = self._size
        made.has_request_id = head.has_request_id
        made.rewritable = head.rewritable
        return made


def refusal_by_head(taps: tuple[Tap, ...], head: ResponseHead) -> LocalAnswer | None:
    """What the client gets in place of an answer with this head; None: the answer."""
    for tap in taps:
        refusal = tap.see(head)
        if refusal is not None:
            return refusal
    return None


def holder_of(taps: tuple[Tap, ...]) -> Tap | None:
    """Who wants the answer whole first."""
    for tap in taps:
        if tap.holds:
            return tap
    return None


def why_withheld(answer: LocalAnswer) -> Failure:
    """A 502 says that the side's answer cannot be used; anything else is Banyan's own trouble."""
    blame = Blame.UPSTREAM if answer.status == _BAD_GATEWAY else Blame.PROXY
    return Failure(phase=Phase.HEAD, blame=blame, detail=answer.detail, retry_after=int(blame is Blame.PROXY))


def tapped(taps: tuple[Tap, ...], head: ResponseHead, payload: bytes, *, done: bool) -> tuple[ResponseHead, bytes]:
    """What goes to the client: the first tap may replace it, before the others see it; some change it after that."""
    if taps[0].replaces:
        head, payload = taps[0].replace(head, payload, done=done)
    for tap in taps:
        tap.respond(head, payload)
    for tap in taps:
        if tap.changes_last:
            head, payload = tap.last(head, payload, done=done)
    return head, payload


def tapped_more(taps: tuple[Tap, ...], payload: bytes, *, done: bool) -> bytes:
    """The same for what comes later."""
    if taps[0].replaces:
        payload = taps[0].replace_more(payload, done=done)
    for tap in taps:
        tap.relay(payload)
    return payload
