"""An address where a connection is never made: a listening socket whose queue is full."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def blackhole(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """The port, a free one unless it is named; the system drops every further SYN to it."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)  # noqa: FBT003
            each.connect_ex(listening.getsockname())
        try:
            yield int(listening.getsockname()[1])
        finally:
            for each in waiting:
                each.close()
