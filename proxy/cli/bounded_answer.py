"""An answer with a time for all of it, and a size: whoever stands at the address holds up nobody.

Rule 1: the time of a socket is that of one read; who sends a byte a second would be waited for without end.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse

MOST = 256 * 1024 * 1024
"""Bytes of an answer, its head included."""


class BoundedAnswer(HTTPResponse):
    """The same, read from a socket whose timeout is that of each read; OSError where it takes longer than `seconds`."""

    def __init__(self, sock: socket.socket, seconds: float, method: str | None = None) -> None:
        """The time begins now."""
        super().__init__(sock, method=method)
        self.fp = io.BufferedReader(_BoundedReads(sock, seconds, self.fp))


class _BoundedReads(io.RawIOBase):
    """Reads the socket itself; while `file` is open, its connection closes it in name only."""

    def __init__(self, sock: socket.socket, seconds: float, file: io.BufferedIOBase) -> None:
        self._file = file
        self._sock, self._seconds, self._left = sock, seconds, MOST
        self._each, self._until = sock.gettimeout() or seconds, time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, into: bytearray | memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"the answer is not whole after {self._seconds:g} s")
        self._sock.settimeout(min(left, self._each))
        read = self._sock.recv_into(into)
        self._left -= read
        if self._left < 0:
            raise OSError(f"the answer has more than {MOST} bytes")
        return read

    def close(self) -> None:
        self._file.close()
        super().close()
