"""How connections end: with a reset, in a drain, or after an answer that closes them.

Rule 1: where only the end of a connection marks the end of a body, a body that broke off ends with a reset.
Rule 2: an upstream may answer and break off within an upload: when a write fails, what came before is read (EX07).
Rule 3: after an answer that closes the connection, what the client still sends is read and dropped for a moment:
        closing over unread bytes is a reset, which would take the answer away from the client (RFC 9112 section 9.6).
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import ssl
import struct
from collections.abc import Callable, Iterator

QUIET = 1.0
"""Seconds that an idle connection is still listened to when the worker drains."""
LINGER = 3.0
"""Seconds that a closing connection is still read; nginx takes 5, HAProxy none."""
MAX_LINGER = 4 * 1024 * 1024
"""Bytes that are dropped within them; then the client is no longer read."""
_READ = 64 * 1024
_LINGER_NOT = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """End with a RST where the transport is a socket's."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    transport.abort()


def ended_cleanly(transport: asyncio.Transport) -> bool:
    """Whether an end was meant: TLS says goodbye, and an end without it may be anybody's (RFC 9112 section 9.8)."""
    connection = transport.get_extra_info("ssl_object")
    if connection is None:
        return True
    try:
        return not connection.read(1)
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:
        return False


def unread_bytes(transport: asyncio.Transport) -> Iterator[bytes]:
    """What the other end had sent before a write to it failed; the loop reads no more then."""
    sock = transport.get_extra_info("socket")
    if sock is None or transport.get_extra_info("sslcontext") is not None:
        return
    try:
        while data := os.read(sock.fileno(), _READ):
            yield data
    except OSError:
        return


def close_when_idle(transport: asyncio.Transport, is_idle: Callable[[], bool]) -> None:
    """Close a kept connection that a client may be writing to just now: a request that comes in time is answered.

    Closing over unread bytes would be a reset, and a request that nobody answers. Once it is not idle, the end of what
    runs closes it.
    """
    loop = asyncio.get_running_loop()

    def look() -> None:
        if transport.is_closing() or not is_idle():
            return
        if _has_unread(transport):
            loop.call_later(QUIET, look)
        else:
            transport.close()

    loop.call_later(QUIET, look)


def _has_unread(transport: asyncio.Transport) -> bool:
    """Whether bytes or an end have come that the loop has not read yet."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return False
    return bool(polled(sock.fileno(), select.POLLIN))


def polled(descriptor: int, events: int) -> int:
    """Which of the events hold, those that are always told (POLLHUP) among them."""
    poll = select.poll()
    poll.register(descriptor, events)
    return next((held for _, held in poll.poll(0)), 0)


class Linger:
    """Drops what a client sends after its last answer, up to `MAX_LINGER` bytes (rule 3)."""

    __slots__ = ("_dropped", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._dropped = 0

    def drop(self, data: bytes) -> None:
        """Count `data` and forget it; past the bound the client is no longer read."""
        self._dropped += len(data)
        if self._dropped > MAX_LINGER:
            self._transport.pause_reading()  # closing now would be the reset
