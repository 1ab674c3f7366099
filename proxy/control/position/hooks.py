"""Tells listeners of each move, by a POST, one listener independent of another.

Rule 1: a listener that is away holds nobody up: what waits for it is bounded, the oldest goes first and is counted.
Rule 2: an attempt that failed is made again, ever later, for some minutes; a listener must take a repeated id for a
        repetition. What it refuses (4xx) is not sent again.
Rule 3: messages are signed as standardwebhooks.com says, with the secret's own bytes as the key:
        base64 of HMAC-SHA256 over `id.timestamp.body`.
Rule 4: no redirect is followed, no answer is read, and no url is logged beyond its host.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import aiohttp
import msgspec
import structlog

from proxy.core.routing.snapshot import Hook

MOST_WAITING = 1000
ATTEMPTS = 10
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
_AGAIN = frozenset({408, 425, 429})
_log = structlog.get_logger()


class Delivery(StrEnum):
    """What became of a message: of each attempt `retried`, at last one of the others."""

    DELIVERED = "delivered"
    RETRIED = "retried"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class _Message:
    id: str
    body: bytes


class Background(Protocol):
    """Starts tasks and starts those anew that die; `proxy.app` brings it."""

    def start(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> asyncio.Task[None]:
        """Run `work` in the background."""


class _Listener:
    """One hook and what waits for it."""

    def __init__(self, hook: Hook, counts: Counter[Delivery]) -> None:
        self.hook = hook
        self._counts = counts
        self._waiting: deque[_Message] = deque()
        self._come = asyncio.Event()

    def add(self, message: _Message) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self._counts[Delivery.LOST] += 1
        self._waiting.append(message)
        self._come.set()

    async def run(self, session: aiohttp.ClientSession, first_wait: float) -> None:
        """Send what comes, in order, for ever."""
        while True:
            await self._come.wait()
            self._come.clear()
            while self._waiting:
                message = self._waiting.popleft()
                outcome = await self._deliver(session, message, first_wait)
                self._counts[outcome] += 1
                if outcome is Delivery.FAILED:
                    _log.error("hook_failed", hook=self.hook.shown, id=message.id)

    async def _deliver(self, session: aiohttp.ClientSession, message: _Message, wait: float) -> Delivery:
        for attempt in range(ATTEMPTS):
            if attempt:
                self._counts[Delivery.RETRIED] += 1
                await asyncio.sleep(min(wait * 2.0 ** (attempt - 1), LONGEST_WAIT))
            status, error = await self._post(session, message)
            if 200 <= status < 300:
                return Delivery.DELIVERED
            _log.warning("hook_not_delivered", hook=self.hook.shown, id=message.id, status=status, error=error)
            if 300 <= status < 500 and status not in _AGAIN:
                return Delivery.FAILED
        return Delivery.FAILED

    async def _post(self, session: aiohttp.ClientSession, message: _Message) -> tuple[int, str]:
        """The status, 0 for none, and what went wrong."""
        timeout = aiohttp.ClientTimeout(total=self.hook.timeout)
        headers = signed(self.hook.secret.reveal(), message.id, int(time.time()), message.body)
        try:
            async with session.post(
                self.hook.url.reveal(), data=message.body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                return answer.status, ""
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return 0, type(error).__name__


class Hooks:
    """`counts` are outcomes since the start, over all listeners."""

    def __init__(self, background: Background, *, first_wait: float = FIRST_WAIT) -> None:
        """Nobody listens yet; `first_wait` in seconds, doubled with each further attempt."""
        self.counts: Counter[Delivery] = Counter()
        self._background = background
        self._first_wait = first_wait
        self._session: aiohttp.ClientSession | None = None
        self._listeners: dict[Hook, tuple[_Listener, asyncio.Task[None]]] = {}

    def follow(self, hooks: Sequence[Hook]) -> None:
        """Tell these from now on; one that stays keeps what waits for it."""
        for gone in [each for each in self._listeners if each not in hooks]:
            self._listeners.pop(gone)[1].cancel()
        for hook in hooks:
            if hook not in self._listeners:
                self._listeners[hook] = self._begin(hook)

    def tell(self, view: msgspec.Struct) -> None:
        """Send this to every listener."""
        message = _Message(uuid.uuid4().hex, msgspec.json.encode(view))
        for listener, _ in self._listeners.values():
            listener.add(message)

    async def close(self) -> None:
        """Send no more; the tasks are ended by who runs them."""
        for _, task in self._listeners.values():
            task.cancel()
        if self._session is not None:
            await self._session.close()

    def _begin(self, hook: Hook) -> tuple[_Listener, asyncio.Task[None]]:
        listener = _Listener(hook, self.counts)
        session = self._session = self._session or _session()
        work = lambda: listener.run(session, self._first_wait)  # noqa: E731
        return listener, self._background.start(work, name=f"hook {hook.shown}")


def _session() -> aiohttp.ClientSession:
    """Names by the loop's own look-up, which knows all that the system knows, whatever else is installed."""
    connector = aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver())
    return aiohttp.ClientSession(connector=connector, auto_decompress=False)


def signed(secret: str, id_: str, at: int, body: bytes) -> dict[str, str]:
    """The fields of a message; without a secret there is no signature."""
    headers = {"Content-Type": "application/json", "webhook-id": id_, "webhook-timestamp": str(at)}
    if secret:
        digest = hmac.digest(secret.encode(), f"{id_}.{at}.".encode() + body, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers
