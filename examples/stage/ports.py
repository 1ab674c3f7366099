"""Free ports that stay free until those bind them for whom they are meant."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_ports(count: int) -> Iterator[list[int]]:
    """So many on loopback. A bound socket that never listens keeps the system from giving its port away."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind(("127.0.0.1", 0))
        yield [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
