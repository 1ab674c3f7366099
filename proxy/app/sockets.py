"""The sockets that the supervisor binds and its children inherit."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from proxy.app.succession import HandedDown
from proxy.core.snapshot import Snapshot
from proxy.edge.tls import BACKLOG
from proxy.pairs import PAIRS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """One listening socket per worker (SO_REUSEPORT), the admin's, and with their paths the link's and that for pairs.

    A connection to these two waits in the kernel while the process that takes it is being replaced.
    """

    workers: tuple[socket.socket, ...]
    admin: socket.socket
    link: socket.socket
    link_path: Path
    pairs: socket.socket

    @property
    def pairs_path(self) -> Path:
        """Where workers hand pairs to the comparer."""
        return self.link_path.with_name(PAIRS)

    @property
    def address(self) -> tuple[str, int]:
        """Where clients connect."""
        host, port = self.workers[0].getsockname()[:2]
        return str(host), int(port)

    @property
    def bound(self) -> tuple[tuple[str, int], ...]:
        """Where clients and operators connect: before the admin's socket is closed."""
        host, port = self.admin.getsockname()[:2]
        return self.address, (str(host), int(port))

    def close_listening(self) -> None:
        """Let go of the clients' sockets, so that a worker's closing is the last one and new clients are refused."""
        for sock in self.workers:
            sock.close()


def bind(snapshot: Snapshot, link_path: Path, given: HandedDown | None = None) -> Sockets:
    """All of them, or OSError that names the address; what a predecessor has `given` is used first."""
    workers = list(given.workers[: snapshot.workers]) if given else [_listen(snapshot.listen)]
    for unneeded in given.workers[snapshot.workers :] if given else ():
        unneeded.close()
    address = workers[0].getsockname()[:2]
    workers += [_listen(address) for _ in range(snapshot.workers - len(workers))]
    admin = given.admin if given else _listen(snapshot.admin, shared=False)
    link, pairs = _private(link_path), _private(link_path.with_name(PAIRS))
    return Sockets(workers=tuple(workers), admin=admin, link=link, link_path=link_path, pairs=pairs)


def _private(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(str(path))
    sock.listen(64)
    return sock


def _listen(address: tuple[str, int], *, shared: bool = True) -> socket.socket:
    host, port = address
    try:
        family = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        message = f"cannot listen on {host}:{port}: {error.strerror or error}"
        raise OSError(message) from error
    return sock
