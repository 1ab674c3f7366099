"""A tunnel: after a 101 the bytes of both sides pass as they are, until one of them ends.

Rule 1: a half that ends is ended on the other side too; with the second, or where halves cannot end (TLS), all ends.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.core.http.response import ResponseHead
    from proxy.edge.exchange.client import Client
    from proxy.edge.upstream.connection import UpstreamConnection


class Tunnel:
    """`quiet` is how long, in seconds, it may stay without a byte."""

    __slots__ = ("_client", "_connection", "_half_over", "_quiet")

    def __init__(self, client: Client, connection: UpstreamConnection, quiet: float) -> None:
        """Between these two; nothing has passed yet."""
        self._client = client
        self._connection = connection
        self._quiet = quiet
        self._half_over = False

    def open(self, head: ResponseHead, request_id: bytes, rest: bytes) -> int:
        """Tell the client; what it sent ahead belongs into the tunnel, and its size is returned."""
        client = self._client
        lines = [*head.lines, b"Connection: Upgrade", b"Upgrade: websocket", b"X-Request-Id: " + request_id]
        client.write(b"\r\n".join([b"HTTP/1.1 " + head.reason, *lines, b"", b""]) + rest)
        self._stay()
        ahead = client.take_later()
        if ahead:
            self._connection.write(ahead)
        client.unhold()
        return len(ahead)

    def up(self, data: bytes) -> None:
        """Bytes from the client."""
        self._stay()
        self._connection.write(data)

    def down(self, data: bytes) -> None:
        """Bytes from the upstream."""
        self._stay()
        self._client.write(data)

    def client_ended(self) -> bool:
        """The client's half has ended; whether everything has."""
        return self._half_over or self._half_ended(possible=self._connection.end_writing())

    def upstream_ended(self) -> bool:
        """The upstream's half has ended; whether everything has."""
        self._stay()
        return self._half_over or self._half_ended(possible=self._client.end_writing())

    def close(self, recorded: Callable[[], None]) -> None:
        """Both halves; what was written still goes out."""
        self._connection.close()
        recorded()
        self._client.close()

    def _half_ended(self, *, possible: bool) -> bool:
        self._half_over = True
        return not possible

    def _stay(self) -> None:
        self._client.deadline = monotonic() + self._quiet
