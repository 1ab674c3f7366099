"""This Banyan among others: which instance it is, and where it listens itself."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from secrets import randbits

from proxy.core.own_address import is_own

_ANY_PORT = 9
"""Of a datagram socket that never sends."""


@dataclass(frozen=True, slots=True)
class Here:
    """`instance` is drawn with every start, the same for all workers; `bound`: the clients' socket and the admin's."""

    instance: int
    bound: tuple[tuple[str, int], ...] = ()

    def is_at(self, host: str, port: int) -> bool:
        """Whether what connects to this number would come in here."""
        return any(is_own(host, port, bound, is_local) for bound in self.bound)


def draw_instance() -> int:
    """64 bits that no other start has."""
    return randbits(64)


NOWHERE = Here(0)
"""Of what serves nobody, such as `explain`."""


def is_local(host: str) -> bool:
    """Whether a number is an address of this machine: towards such a one the kernel speaks from itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((host, _ANY_PORT))
            return bool(sock.getsockname()[0] == host)
        except OSError:
            return False
