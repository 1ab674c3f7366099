"""A half-closed connection: how one is made, and the look after a half-closed client that may be gone.

Rule 1: a client that waits behind its FIN is served. One that is gone looks the same until it is sent something, to
        which the system of a program that has ended says no. So such a client of HTTP/1.1 is sent once what means
        nothing: before the answer a 100 (RFC 9110 section 15.2), between two chunks a zero, with which the next
        chunk's size may begin (RFC 9112 section 7.1). Elsewhere the answer's own bytes will tell.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Callable

from proxy.edge.wire.ending import polled

LOOK_EVERY = 0.25
"""Seconds: a client that is gone is known after two looks."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_TCP_CLOSE = b"\x07"


def end_half(transport: asyncio.Transport) -> bool:
    """End the sending half; False when it cannot end alone (TLS)."""
    possible = transport.can_write_eof()
    if possible:
        transport.write_eof()
    return possible


def probe(minor: int, *, responding: bool, chunked: bool) -> bytes:
    """The bytes of rule 1 for a client of HTTP/1.`minor`; none where none are harmless."""
    if responding:
        return b"0" if chunked else b""
    return CONTINUE if minor else b""


def abort_when_gone(transport: asyncio.Transport, waits: Callable[[], bool], ask: Callable[[], bytes]) -> None:
    """While a half-closed client `waits` for an answer, find out whether it is gone, and abort then (rule 1).

    `ask` gives the bytes to send it, once, or none.
    """
    loop = asyncio.get_running_loop()

    def look(*, told: bool) -> None:
        if transport.is_closing() or not waits():
            return
        if _is_gone(transport):
            transport.abort()
            return
        if not told and (probe_bytes := ask()):
            transport.write(probe_bytes)
        loop.call_later(LOOK_EVERY, lambda: look(told=True))

    loop.call_later(LOOK_EVERY, lambda: look(told=False))


def _is_gone(transport: asyncio.Transport) -> bool:
    """Whether a reset has come; the loop would not tell, since it reads no more after a FIN."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return False
    if sock.family == socket.AF_UNIX:  # which knows no reset: its other end is closed, not only half
        return bool(polled(sock.fileno(), 0) & select.POLLHUP)
    return bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == _TCP_CLOSE)
