"""An answer that a tap wants whole before the client gets any of it (`routing/tap.py`, rule 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.http.response import ResponseHead

if TYPE_CHECKING:
    from proxy.edge.routing.step import Wait


class HeldAnswer:
    """`head` as it came; `is_open` while more of the body is kept. `word` is what it waits for, once it is whole."""

    def __init__(self, head: ResponseHead, most: int) -> None:
        """Of at most `most` bytes."""
        self.head = head
        self.is_open = True
        self.word: Wait | None = None
        self._most = most
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
