"""The sockets that the supervisor binds and its children inherit."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

from proxy.app import socket_file
from proxy.app.handover import HandedDown
from proxy.core.routing.snapshot import Snapshot
from proxy.edge.client.tls_listener import BACKLOG
from proxy.link.pairs import PAIRS
from proxy.link.questions import QUESTIONS
from proxy.link.translations import TRANSLATIONS

_HINTS = {
    errno.EADDRINUSE: "another process may hold the address: see `listen` and `admin`",
    errno.EADDRNOTAVAIL: "this machine has no such address: see `listen` and `admin`",
    errno.EACCES: "this user may not listen there: a port below 1024 asks for CAP_NET_BIND_SERVICE, a socket for the "
    "right to write to its folder",
    errno.EEXIST: "move that file, or name another path in `listen`",
    errno.ENOENT: "the folder of the socket must be there first: make it, or name another path in `listen`",
    errno.ENOTDIR: "a part of the socket's path is no folder: name another path in `listen`",
    errno.EROFS: "the folder of the socket cannot be written to: name another path in `listen`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    """One listening socket per worker (SO_REUSEPORT; of a Unix socket they are copies), the admin's, and in one folder
    the link's, that for pairs, that for questions and that for translations.

    A connection to these four waits in the kernel while the process that takes it is being replaced.
    """

    workers: tuple[socket.socket, ...]
    admin: socket.socket
    link: socket.socket
    link_path: Path
    pairs: socket.socket
    questions: socket.socket
    translations: socket.socket

    @property
    def address(self) -> str:
        """Where clients connect: `host:port`, or `unix:/path`."""
        name = self.workers[0].getsockname()
        return f"unix:{name}" if isinstance(name, str) else f"{name[0]}:{name[1]}"

    @property
    def bound(self) -> tuple[tuple[str, int], ...]:
        """Where clients and operators connect: before the admin's socket is closed. A socket in a file is port 0."""
        names = (self.workers[0].getsockname(), self.admin.getsockname())
        return tuple((name, 0) if isinstance(name, str) else (str(name[0]), int(name[1])) for name in names)

    def close_listening(self) -> None:
        """Let go of the clients' sockets, so that a worker's closing is the last one and new clients are refused."""
        for sock in self.workers:
            sock.close()

    def close_private(self, kept: socket.socket | None = None) -> None:
        """Let go of the admin's socket and of those of the processes, but for one."""
        for sock in (self.admin, self.link, self.pairs, self.questions, self.translations):
            if sock is not kept:
                sock.close()


def bind(snapshot: Snapshot, link_path: Path, given: HandedDown | None = None) -> Sockets:
    """All of them, or OSError that names the address; what a predecessor has `given` is used first."""
    workers = list(given.workers[: snapshot.workers]) if given else [_first(snapshot.listen)]
    for unneeded in given.workers[snapshot.workers :] if given else ():
        unneeded.close()
    workers += [_another(workers[0]) for _ in range(snapshot.workers - len(workers))]
    admin = given.admin if given else _listen(snapshot.admin, shared=False)
    names = (link_path.name, PAIRS, QUESTIONS, TRANSLATIONS)
    link, pairs, questions, translations = (_private(link_path.with_name(name)) for name in names)
    return Sockets(
        workers=tuple(workers),
        admin=admin,
        link=link,
        link_path=link_path,
        pairs=pairs,
        questions=questions,
        translations=translations,
    )


def hint_of(error: OSError) -> str:
    """What to do about an address, or a socket's path, that `bind` could not have."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return _HINTS.get(cause.errno or 0, "see `listen` and `admin`")


def _first(listen: tuple[str, int]) -> socket.socket:
    return _listen(listen) if listen[1] or not listen[0].startswith("/") else socket_file.listen(Path(listen[0]))


def _another(first: socket.socket) -> socket.socket:
    """A socket for one more worker on the address of the first."""
    if first.family == socket.AF_UNIX:  # which has one queue for all
        return first.dup()
    return _listen(first.getsockname()[:2])


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
