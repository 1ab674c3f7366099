"""The messages that wait for one adapter: bounded, and those for which a client waits before all others.

Rule 1: a message finds its end here, or is taken once: whoever put it in hears of it exactly once.
Rule 2: shadows' messages have half of the room, so that they never keep a client's out.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from proxy.link.translations import FromTranslator, Message

MOST_WAITING: Final = 64
"""Messages that may wait for one adapter."""
MOST_BYTES: Final = 16 * 1024 * 1024
"""Bytes of their bodies."""


def size_of(message: Message) -> int:
    """Bytes of its body."""
    return len(message.body or b"")


class WaitingMessage:
    """`hear` is told what became of it; `is_forgotten`: nobody listens any more."""

    __slots__ = ("_hear", "is_forgotten", "message")

    def __init__(self, message: Message, hear: Callable[[FromTranslator], None]) -> None:
        """It waits."""
        self.message = message
        self._hear = hear
        self.is_forgotten = False

    def answer(self, said: FromTranslator) -> None:
        """This became of it."""
        if not self.is_forgotten:
            self.is_forgotten = True
            self._hear(said)


class WaitingMessages:
    """Of one adapter."""

    def __init__(self) -> None:
        """None."""
        self._clients: deque[WaitingMessage] = deque()
        self._shadows: deque[WaitingMessage] = deque()
        self._bytes = 0
        self.filled = asyncio.Event()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._clients) + len(self._shadows)

    def put(self, waiting: WaitingMessage) -> bool:
        """False: there is no room."""
        message = waiting.message
        share = 1 if message.is_waited_for else 2
        if len(self) >= MOST_WAITING // share or self._bytes + size_of(message) > MOST_BYTES // share:
            return False
        (self._clients if message.is_waited_for else self._shadows).append(waiting)
        self._bytes += size_of(message)
        self.filled.set()
        return True

    def pop(self) -> WaitingMessage | None:
        """The next one, which somebody still waits for."""
        while queue := self._clients or self._shadows:
            waiting = queue.popleft()
            self._bytes -= size_of(waiting.message)
            if not waiting.is_forgotten:
                return waiting
        self.filled.clear()
        return None
