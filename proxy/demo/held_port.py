"""A free port that is still free when the one it is meant for binds it, seconds later.

A bound socket that never listens keeps the system from giving its port away; with SO_REUSEADDR on both, it does not
keep out the one that will listen (socket(7), ip(7)).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from proxy.demo.routes_file import LOOPBACK


@contextmanager
def held_port() -> Iterator[int]:
    """The port; it is let go of at the end, which whoever listens there does not notice."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((LOOPBACK, 0))
        yield int(held.getsockname()[1])
