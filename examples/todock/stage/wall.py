"""An address that this host cannot reach: whoever connects hears nothing, as behind a firewall that drops packets.

Nothing of the machine is changed for that. A socket listens there with a queue of one, which is full, and the kernel
drops whoever comes next.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def walled_address(address: str) -> Iterator[str]:
    """`host:port` on loopback, for as long as this lasts."""
    with socket.socket() as listening, socket.socket() as waits:
        listening.bind((address, 0))
        listening.listen(0)
        waits.connect(listening.getsockname())
        yield f"{address}:{listening.getsockname()[1]}"
