"""The control end of the links to workers, comparer and clerk: tables go out, reports come in.

Rule 1: a worker gets the current table as soon as it links, and every later one as it comes.
Rule 2: nothing waits for a worker beyond its timeout; a poll is not queued behind bytes that a worker has not read.
Rule 3: a worker that has not read one table when the next is due loses its link; linking again, it gets the current.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections import Counter
from collections.abc import Callable
from typing import cast

import msgspec
import structlog

from proxy.control.fleet.clerk import ClerkSeen
from proxy.control.fleet.comparer import Comparing
from proxy.control.fleet.grants_seen import GrantsSeen
from proxy.control.fleet.tokens_seen import TokensSeen
from proxy.control.traffic.ledger import Ledger
from proxy.control.traffic.recent_comparisons import RecentComparisons
from proxy.control.traffic.recent_requests import RecentRequests
from proxy.link.messages import (
    ClerkState,
    Comparer,
    Evidence,
    GrantCounts,
    IntrospectionCounts,
    KeySets,
    KeyWanted,
    Orders,
    Poll,
    Probed,
    Report,
    Suspended,
    Table,
    ToControl,
    Unframer,
    frame,
    read_to_control,
)
from proxy.link.token_messages import ClerkTokens

MAX_UNREAD = 64 * 1024 * 1024
"""Bytes that may wait for a worker: more than a table of 10,000 routes."""
_log = structlog.get_logger()


class Links:
    """All linked workers, the comparer and the clerk."""

    def __init__(self, ledger: Ledger, table: Table, comparing: Comparing | None = None) -> None:
        """Reports go into `ledger`, the comparer's words to `comparing`; `table` is what new links get until `push`."""
        self.ledger = ledger
        self.comparing = comparing or Comparing()
        self.clerk = ClerkSeen()
        self.grants = GrantsSeen()
        self.tokens = TokensSeen()
        self.introspections: Counter[tuple[str, str]] = Counter()
        self.recent = RecentRequests()
        self.comparisons = RecentComparisons()
        self.comparing.outcomes = self.comparisons.take
        self.heard: Callable[[Report], None] = _drop
        self.key_wanted: Callable[[str], None] = _drop_source
        self._table = frame(table)
        self._orders = b""
        self._key_sets = b""
        self._suspended = b""
        self._links: set[_Link] = set()
        self._polls = 0
        self._server: asyncio.Server | None = None

    async def serve(self, listening: socket.socket) -> None:
        """Take links on a bound Unix socket, which stays on disk when this process ends (its owner removes it)."""
        loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 13):
            self._server = await loop.create_unix_server(lambda: _Link(self), sock=listening, cleanup_socket=False)
        else:
            self._server = await loop.create_unix_server(lambda: _Link(self), sock=listening)

    def push(self, table: Table) -> None:
        """Give every worker this table, and ask each to say when it serves it."""
        self._table = frame(table)
        for link in tuple(self._links):
            self._hand_over(link)

    def order(self, orders: Orders) -> None:
        """Give every worker these orders; each reports as soon as it obeys, and who links later gets them first."""
        self._orders = frame(orders)
        for link in tuple(self._links):
            link.post(self._orders)

    def give_keys(self, sets: KeySets) -> None:
        """Give every worker these key sets, and whoever links later."""
        self._key_sets = frame(sets)
        for link in tuple(self._links):
            link.post(self._key_sets)

    def suspend(self, suspended: Suspended) -> None:
        """Have every worker refuse these subjects, and whoever links later."""
        self._suspended = frame(suspended)
        for link in tuple(self._links):
            link.post(self._suspended)

    def tell(self, probed: Probed) -> None:
        """Give every worker that reads what a probe found; one that does not hears the next."""
        data = frame(probed)
        for link in tuple(self._links):
            link.mention(data)

    async def refresh(self, within: float = 0.25) -> None:
        """Return when every worker has reported anew, or after `within` seconds."""
        poll = self._next_poll()
        answers = [answer for link in tuple(self._links) if (answer := link.ask(poll)) is not None]
        if answers:
            _, late = await asyncio.wait(answers, timeout=within)
            for answer in late:
                answer.cancel()

    async def close(self) -> None:
        """End every link; workers serve on with what they have."""
        if self._server is not None:
            self._server.close()
        for link in tuple(self._links):
            link.abort()
        if self._server is not None:
            await self._server.wait_closed()

    def joined(self, link: _Link) -> None:
        """A worker, the comparer or the clerk has linked: it gets all that holds, the table last."""
        self._links.add(link)
        self._hand_over(link)

    def left(self, link: _Link) -> None:
        """A link has ended; a worker that has linked anew keeps its state."""
        self._links.discard(link)
        self.comparing.left(link)
        self.clerk.left(link)
        if all(other.pid != link.pid for other in self._links):
            self.ledger.end(link.pid)

    def _hand_over(self, link: _Link) -> None:
        kept = self._orders + self._suspended + self._key_sets + self._table
        link.give(kept + frame(Poll(self._next_poll())))

    def _next_poll(self) -> int:
        self._polls += 1
        return self._polls


class _Link(asyncio.Protocol):
    """The connection of one worker, of the comparer or of the clerk."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._unframer = Unframer()
        self._asked: dict[int, asyncio.Future[None]] = {}
        self._tells_by_itself = False
        self.pid = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._links.joined(self)

    def connection_lost(self, error: Exception | None) -> None:
        for answer in self._asked.values():
            answer.cancel()
        self._links.left(self)
        _log.info("worker_unlinked", worker_pid=self.pid, error=str(error or ""))

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._unframer.feed(data):
                self._take(read_to_control(body))
        except (ValueError, msgspec.DecodeError) as error:
            _log.error("worker_report_refused", worker_pid=self.pid, error=str(error))
            self.abort()

    def give(self, data: bytes) -> None:
        """Send a table, unless the last one is still unread: then end the link."""
        if self._unread:
            _log.warning("worker_does_not_read", worker_pid=self.pid, unread_bytes=self._unread)
            self.abort()
        elif not self._transport.is_closing():
            self._transport.write(data)

    def post(self, data: bytes) -> None:
        """Send what may not be lost, behind whatever is unread; a worker that reads nothing at all loses its link."""
        if self._unread > MAX_UNREAD:
            self.abort()
        elif not self._transport.is_closing():
            self._transport.write(data)

    def mention(self, data: bytes) -> None:
        """Send what may be lost."""
        if not self._unread and not self._transport.is_closing():
            self._transport.write(data)

    def ask(self, poll: int) -> asyncio.Future[None] | None:
        """Send a poll; the future ends with its answer or with the link. None when the worker is behind in reading."""
        if self._unread or self._tells_by_itself or self._transport.is_closing():
            return None
        self._asked = {asked: answer for asked, answer in self._asked.items() if not answer.done()}
        answer = self._asked[poll] = asyncio.get_running_loop().create_future()
        self._transport.write(frame(Poll(poll)))
        return answer

    def abort(self) -> None:
        """End the link at once."""
        self._transport.abort()

    @property
    def _unread(self) -> int:
        """Bytes that the kernel would not take because the worker does not read."""
        return self._transport.get_write_buffer_size()

    def _take(self, message: ToControl) -> None:
        match message:
            case Report():
                self._report(message)
            case Comparer():
                self._compare(message)
            case Evidence():
                self._links.comparing.take(message)
            case ClerkState():
                self._hear_clerk(message)
            case GrantCounts():
                self._links.grants.take(message)
            case ClerkTokens():
                self._links.tokens.take(message)
            case IntrospectionCounts():
                self._links.introspections.update({(policy, word): count for policy, word, count in message.counts})
            case KeyWanted():
                self._links.key_wanted(message.source)

    def _report(self, report: Report) -> None:
        if self.pid != report.pid:
            self.pid = report.pid
            _log.info("worker_linked", worker=report.worker, worker_pid=report.pid, revision=report.revision)
        self._links.ledger.fold(report)
        if report.recent is not None:
            self._links.recent.take(report.recent)
        self._links.heard(report)
        for asked, answer in self._asked.items():
            if asked <= report.poll and not answer.done():
                answer.set_result(None)

    def _compare(self, state: Comparer) -> None:
        if not self._tells_by_itself:
            self._is_asked_no_more(state.pid)
            _log.info("comparer_linked", comparer_pid=state.pid, revision=state.revision)
        self._links.comparing.hear(self, state)

    def _hear_clerk(self, state: ClerkState) -> None:
        if not self._tells_by_itself:
            self._is_asked_no_more(state.pid)
            _log.info("clerk_linked", clerk_pid=state.pid, revision=state.revision)
        self._links.clerk.hear(self, state)

    def _is_asked_no_more(self, pid: int) -> None:
        """The comparer and the clerk report by themselves."""
        self._tells_by_itself, self.pid = True, pid
        for answer in self._asked.values():
            answer.cancel()


def _drop_source(_: str) -> None:
    """Stands for a listener that has not been set."""


def _drop(_: Report) -> None:
    """Stands for a listener that has not been set."""
