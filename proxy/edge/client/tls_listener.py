"""The listener that speaks TLS: accepts, waits for a client's first byte, shakes hands, lets in.

Rule 1: from its accept to the end of its handshake a client has `limits.head`; until its first byte it costs a socket.
Rule 2: when too many are at it, the one that has been at it longest goes: who is quick is not kept out by who is slow.
Rule 3: what speaks HTTP without TLS is told so, in HTTP.
Rule 4: contexts are looked up at each handshake, so that a new certificate needs no new listener.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import structlog

from proxy.edge.exchange.rescue import answer_bytes, problem_body
from proxy.tasks import Tasks
from proxy.tls.handshake_errors import sentence_of
from proxy.tls.live_contexts import ListenerContexts

HANDSHAKES = 1024
"""Most clients of one worker between accept and the end of the handshake; a slow one costs about 100 kB."""
AT_ONCE = 64
FULL_PAUSE = 0.2
"""Seconds for which nobody is accepted when the system has no descriptor left."""
SHUTDOWN = 2.0
"""Seconds that a client has for its own goodbye (close_notify) before the connection is cut."""
BACKLOG = 4096
_TLS_RECORD = 0x16
_NOT_TLS = problem_body(400, "this port speaks TLS: ask with https:// instead of http://", b"")


class TlsListener:
    """Accepts on one listening socket; `failed` counts handshakes that did not succeed."""

    def __init__(
        self, contexts: ListenerContexts, welcome: Callable[[], asyncio.Protocol], limit: Callable[[], float]
    ) -> None:
        """`welcome` makes the protocol of a client that is in; `limit` is the length of a handshake in seconds."""
        self.contexts = contexts
        self._welcome = welcome
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._tasks = Tasks()
        self._waiting: dict[asyncio.Task[None], None] = {}
        self._sock: socket.socket | None = None
        self._resume: asyncio.TimerHandle | None = None
        self.failed = 0

    def open(self, sock: socket.socket) -> None:
        """Accept from this bound socket, which belongs to the listener from now on."""
        sock.settimeout(0)
        sock.listen(BACKLOG)
        self._sock = sock
        self._loop.add_reader(sock, self._accept)

    def close(self) -> None:
        """Accept nobody any more; those in their handshake may end it."""
        sock, self._sock = self._sock, None
        if sock is not None:
            self._loop.remove_reader(sock)
            sock.close()
        if self._resume is not None:
            self._resume.cancel()

    async def end(self) -> None:
        """Cut those in their handshake."""
        await self._tasks.end()

    @property
    def waiting(self) -> int:
        """Clients between accept and the end of their handshake."""
        return len(self._waiting)

    def _accept(self) -> None:
        if self._sock is None:
            return
        for _ in range(AT_ONCE):
            try:
                client, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(error)
                return
            self._receive(client)

    def _pause(self, error: OSError) -> None:
        """No descriptors are left; they come back as clients go."""
        structlog.get_logger().error("cannot_accept", error=str(error), again_in=FULL_PAUSE)
        if self._sock is not None:
            self._loop.remove_reader(self._sock)
            self._resume = self._loop.call_later(FULL_PAUSE, self._go_on)

    def _go_on(self) -> None:
        if self._sock is not None:
            self._loop.add_reader(self._sock, self._accept)

    def _receive(self, client: socket.socket) -> None:
        client.settimeout(0)
        if len(self._waiting) >= HANDSHAKES:
            next(iter(self._waiting)).cancel()
        task = self._tasks.start(self._let_in(client), name="handshake")
        self._waiting[task] = None
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._waiting.pop(task, None)

    async def _let_in(self, client: socket.socket) -> None:
        try:
            async with asyncio.timeout(self._limit()):
                if await self._speaks_tls(client):
                    await self._shake_hands(client)
        except OSError as error:
            self._tell(error)

    async def _speaks_tls(self, client: socket.socket) -> bool:
        """Whether a handshake is due; the socket is closed when not."""
        due = False
        try:
            due = await self._first_byte(client) == _TLS_RECORD
            if not due:
                self.failed += 1
                _refuse(client)
        finally:
            if not due:
                client.close()
        return due

    async def _first_byte(self, client: socket.socket) -> int:
        """Looked at, not taken; ConnectionError when the client leaves without one."""
        try:
            seen = client.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            await self._readable(client)
            seen = client.recv(1, socket.MSG_PEEK)
        if not seen:
            message = "left without a byte"
            raise ConnectionError(message)
        return seen[0]

    async def _readable(self, client: socket.socket) -> None:
        came: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(client, _settle, came)
        try:
            await came
        finally:
            self._loop.remove_reader(client)

    async def _shake_hands(self, client: socket.socket) -> None:
        await self._loop.connect_accepted_socket(
            self._welcome,
            client,
            ssl=self.contexts.context,
            ssl_handshake_timeout=self._limit(),
            ssl_shutdown_timeout=SHUTDOWN,
        )

    def _tell(self, error: OSError) -> None:
        """Every scanner fails a handshake, so it is counted, and told to who asks for that much."""
        self.failed += 1
        why = "took too long" if isinstance(error, TimeoutError) else sentence_of(error)
        structlog.get_logger().debug("handshake_failed", why=why)


def _settle(came: asyncio.Future[None]) -> None:
    if not came.done():
        came.set_result(None)


def _refuse(client: socket.socket) -> None:
    """Rule 3; what the client has sent is read first, because a reset would take the answer away."""
    client.recv(65536)
    answer = answer_bytes(400, [b"Connection: close"], b"application/problem+json", _NOT_TLS, bodyless=False)
    client.send(answer)
    client.shutdown(socket.SHUT_WR)
