"""One attempt to open a connection to one address, and what the system is told of it.

Rule 1: an idle connection whose other end is gone is found out within half a minute (keep-alive probes), and one that
        takes nothing any more within a minute (TCP_USER_TIMEOUT), not after the quarter of an hour of TCP's repeats.
Rule 2: where this machine has no descriptor or memory left for a connection, the upstream was not asked and has not
        failed.
Rule 3: an address at which Banyan itself listens is not connected to: what is sent there would come in again.
Rule 4: a Unix socket whose queue of connections is full is tried again until the time for a connection is over.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

import structlog

from proxy.core.outcome import Blame, Failure, Phase, Refused
from proxy.edge.instance import NOWHERE, Here
from proxy.edge.upstream.connection import Mode, UpstreamConnection
from proxy.tls.handshake_errors import sentence_of
from proxy.tls.live_contexts import UpstreamContext

if TYPE_CHECKING:
    from proxy.core.routing.route import Upstream
    from proxy.edge.upstream.address import UpstreamAddress

KEEP_ALIVE = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
"""Options of TCP as Linux calls them, in seconds and probes."""
USER_TIMEOUT = 60_000
"""Milliseconds; longer than a client may be silent within a body, since a closed window counts too."""

QUEUE_FULL = 0.01
"""Seconds between two tries (rule 4)."""
_NONE_LEFT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors that say that this machine lacks something."""


class Dialler:
    """Opens connections to the addresses of one upstream."""

    __slots__ = ("_here", "_told", "_upstream", "tls")

    def __init__(self, upstream: Upstream, here: Here = NOWHERE, shared: UpstreamContext | None = None) -> None:
        """`tls` is None for one that is spoken to in the clear; `shared` is another's, made from the same files."""
        self._here = here
        self._told = False
        self._upstream = upstream
        self.tls = shared or (UpstreamContext(upstream.tls) if upstream.scheme == "https" else None)

    @property
    def server_name(self) -> str:
        """The name that TLS asks for; empty: the address's own."""
        return self._upstream.tls.server_name

    async def dial(self, address: UpstreamAddress, length: float) -> UpstreamConnection | Failure:
        """A connection within `length` seconds, or why there is none; `address.open` counts it already."""
        if self._here.is_at(address.host, address.endpoint.port):
            address.open -= 1
            return self._loop(address)
        connection = UpstreamConnection(address, self._upstream.leniency)
        try:
            async with asyncio.timeout(length):
                await self._open(connection, address)
        except TimeoutError:
            failure = cannot_connect(self._upstream, "timed out", timed_out=True)
        except OSError as error:
            failure = self._failure(error)
        else:
            keep_alive(connection.transport)
            if connection.mode is not Mode.CLOSED:
                address.connections.add(connection)
            return connection
        if not connection.opened:  # else its end has been told already
            address.open -= 1
        return failure

    def _failure(self, error: OSError) -> Failure:
        """What the error means; rule 2."""
        why = sentence_of(error, self._upstream, self.server_name)
        if error.errno in _NONE_LEFT:
            return refusal(Refused.RESOURCES, f"there is nothing left here to connect to {self._upstream.name}: {why}")
        failure = cannot_connect(self._upstream, why, timed_out=False)
        return replace(failure, wrong_peer=True) if isinstance(error, ssl.SSLError) else failure

    def _loop(self, address: UpstreamAddress) -> Failure:
        """Rule 3; logged once per pool."""
        upstream, name, at = self._upstream, address.endpoint.host, f"{address.host}:{address.endpoint.port}"
        if not self._told:
            self._told = True
            hint = "its requests are answered with 508; let the name stand for the system behind Banyan"
            structlog.get_logger().error("upstream_is_itself", upstream=upstream.name, name=name, at=at, hint=hint)
        detail = f"upstream {upstream.name} ({name}) is at {at}, where this proxy listens itself: a loop"
        return Failure(
            phase=Phase.CONNECT, blame=Blame.UPSTREAM, replayable=True, detail=detail, loops=True, wrong_peer=True
        )

    async def _open(self, connection: UpstreamConnection, address: UpstreamAddress) -> None:
        tls = self.tls.to_use() if self.tls is not None else None
        name = (self.server_name or address.endpoint.host.removesuffix(".")) if tls is not None else None
        loop, protocol = asyncio.get_running_loop(), partial(_same, connection)
        if address.endpoint.is_unix:
            await loop.create_unix_connection(protocol, sock=await _connected(address.host))
        else:
            await loop.create_connection(protocol, address.host, address.endpoint.port, ssl=tls, server_hostname=name)


async def _connected(path: str) -> socket.socket:
    """To a Unix socket: it refuses at once while its queue is full, where TCP would wait (rule 4)."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(0)
    try:
        while True:
            try:
                sock.connect(path)
            except BlockingIOError:
                await asyncio.sleep(QUEUE_FULL)
            else:
                return sock
    except BaseException:
        sock.close()
        raise


def cannot_connect(upstream: Upstream, why: str, *, timed_out: bool) -> Failure:
    """A failure to connect: nothing was sent, so the request may be repeated."""
    detail = f"cannot connect to upstream {upstream.name} ({upstream.where}): {why}"
    return Failure(phase=Phase.CONNECT, blame=Blame.UPSTREAM, timed_out=timed_out, replayable=True, detail=detail)


def refusal(why: Refused, detail: str, retry_after: int = 1) -> Failure:
    """A failure of Banyan's own: the upstream was not asked. `retry_after` in seconds."""
    return Failure(
        phase=Phase.CONNECT, blame=Blame.PROXY, replayable=True, detail=detail, retry_after=retry_after, refused=why
    )


def keep_alive(transport: asyncio.Transport) -> None:
    """Rule 1; what this system does not know is left out."""
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family == socket.AF_UNIX:  # there the system itself tells at once who is gone
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (*KEEP_ALIVE, ("TCP_USER_TIMEOUT", USER_TIMEOUT)):
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _same(connection: UpstreamConnection) -> asyncio.Protocol:
    """For types alone: a compiled class cannot inherit from `asyncio.Protocol`; asyncio asks only for the methods."""
    return cast("asyncio.Protocol", connection)
