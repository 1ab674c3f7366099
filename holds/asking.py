"""A client that asks at a steady rate whatever comes back (open loop), on connections that are kept alive.

Rule 1: a request begins when it is due, not when another has ended: slowness shows as slowness, not as less load.
Rule 2: a connection that the proxy has closed is not used again; nothing is ever sent twice.
Rule 3: an answer counts only when it is whole, and the upstream's own words say that it belongs to this request.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

TIMEOUT = 20.0
"""Seconds after which a request that got no answer hangs."""


class Ask(NamedTuple):
    """What to ask for: the path's first segment says the route."""

    method: str
    route: str


Belongs = Callable[[bytes, int, Ask, int], bool]
"""Whether a body answers the request of that number, which sent so many bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How one request went: `began` and `ended` on the monotonic clock; `status` 0 when none came.

    `trouble` is empty when all is well, else `cut`, `refused`, `timeout`, `status`, `wrong`; `clear` when the proxy
    itself said what was wrong, in application/problem+json with a request id. `last`: the answer said that the
    connection ends. `reused`: the connection had served before.
    """

    number: int
    ask: Ask
    began: float
    ended: float
    status: int
    trouble: str
    clear: bool = False
    last: bool = False
    reused: bool = False
    detail: str = ""


class _Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.used = 0

    def is_over(self) -> bool:
        """Whether the proxy has closed it, as far as is known here."""
        if self.reader.at_eof() or self.writer.is_closing() or self.reader.exception() is not None:
            return True
        poll = select.poll()
        poll.register(self.writer.get_extra_info("socket"), select.POLLIN)
        return bool(poll.poll(0))  # an end that has come and is not read yet


class Asker:
    """Asks `rate` times a second; `answers` grows as they come."""

    def __init__(
        self,
        port: int,
        asks: tuple[Ask, ...],
        rate: float,
        *,
        source: str = "127.0.0.1",
        belongs: Belongs | None = None,
        patience: float = TIMEOUT,
        fields: bytes = b"",
    ) -> None:
        """From the address `source`; `belongs` is for upstreams other than `system.py`; `patience` in seconds.

        `fields`: field lines with CRLF that each request has beside its own.
        """
        self.answers: list[Answer] = []
        self._port = port
        self._asks = asks
        self._rate = rate
        self._source = source
        self._belongs = belongs or _belongs
        self._patience = patience
        self._fields = fields
        self._body = b"x" * 300
        self._idle: deque[_Line] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._enough = False

    def enough(self) -> None:
        """Begin no more requests."""
        self._enough = True

    async def ask_for(self, seconds: float) -> None:
        """For so long; then wait for what is still asked."""
        began = time.monotonic()
        number = len(self.answers)
        first = number
        while (due := began + (number - first) / self._rate) < began + seconds and not self._enough:
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.ensure_future(self._one(number, self._asks[number % len(self._asks)]))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            number += 1
        await asyncio.gather(*self._running)
        while self._idle:
            self._idle.pop().writer.close()

    async def _one(self, number: int, ask: Ask) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._converse(number, ask, began)
        except TimeoutError:
            answer = _failed(number, ask, began, "timeout")
        self.answers.append(answer)

    async def _converse(self, number: int, ask: Ask, began: float) -> Answer:
        try:
            line = await self._line()
        except OSError as error:
            return _failed(number, ask, began, "refused", str(error))
        reused = line.used > 0
        try:
            line.writer.write(self._bytes(number, ask))
            head = await line.reader.readuntil(b"\r\n\r\n")
            body = await line.reader.readexactly(_length(head))
        except (OSError, asyncio.IncompleteReadError) as error:
            line.writer.transport.abort()
            return _failed(number, ask, began, "cut", repr(error), reused=reused)
        except BaseException:
            line.writer.transport.abort()
            raise
        return self._heard(number, ask, began, line, head, body)

    def _heard(self, number: int, ask: Ask, began: float, line: _Line, head: bytes, body: bytes) -> Answer:
        reused, last = line.used > 0, b"\r\nconnection: close" in head.lower()
        line.used += 1
        if last:
            line.writer.close()
        else:
            self._idle.append(line)
        status = int(head[9:12])
        clear = b"application/problem+json" in head and b"\r\nx-request-id: " in head.lower()
        trouble = "" if status == 200 else "status"
        if not trouble and not self._belongs(body, number, ask, len(self._body)):
            trouble = "wrong"
        return Answer(
            number=number,
            ask=ask,
            began=began,
            ended=time.monotonic(),
            status=status,
            trouble=trouble,
            clear=clear,
            last=last,
            reused=reused,
            detail="" if status == 200 and not trouble else body[:200].decode(errors="replace"),
        )

    async def _line(self) -> _Line:
        while self._idle:
            line = self._idle.pop()
            if not line.is_over():
                return line
            with contextlib.suppress(OSError):
                line.writer.close()
        return _Line(*await asyncio.open_connection("127.0.0.1", self._port, local_addr=(self._source, 0)))

    def _bytes(self, number: int, ask: Ask) -> bytes:
        body = b"" if ask.method == "GET" else self._body
        length = b"" if ask.method == "GET" else b"Content-Length: %d\r\n" % len(body)
        head = f"{ask.method} /{ask.route}/{number} HTTP/1.1\r\nHost: a.example\r\nX-Ask: {number}\r\n".encode()
        return head + self._fields + length + b"\r\n" + body


def _failed(number: int, ask: Ask, began: float, trouble: str, detail: str = "", *, reused: bool = False) -> Answer:
    return Answer(
        number=number,
        ask=ask,
        began=began,
        ended=time.monotonic(),
        status=0,
        trouble=trouble,
        reused=reused,
        detail=detail,
    )


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length: ")
    return int(lowered[at + 18 : lowered.index(b"\r\n", at + 18)]) if at >= 0 else 0


def _belongs(body: bytes, number: int, ask: Ask, sent: int) -> bool:
    """Whether the upstream answered this request, and the side is the route's."""
    name, asked, length, *_ = [*body.split(b" ", 3), b"", b"", b""]
    side = ask.route in {"split", name.decode(errors="replace")}
    return side and asked == b"%d" % number and length == (b"0" if ask.method == "GET" else b"%d" % sent)


def percentile(answers: list[Answer], share: float) -> float:
    """Seconds, of those that came."""
    took = sorted(each.ended - each.began for each in answers if each.status)
    return took[min(len(took) - 1, int(share * len(took)))] if took else 0.0
