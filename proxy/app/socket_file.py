"""The file of a Unix socket that clients come in by (`listen: unix:/path`).

Rule 1: a file that nobody listens on any more is removed; one that somebody listens on, or that is no socket, is not.
Rule 2: who may connect is said by the process' umask and by the folder: connecting takes the right to write.
Rule 3: at the end the file is removed if it is still ours: not one that another process has put there, and not while a
        successor serves on it.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from proxy.edge.client.tls_listener import BACKLOG

_ASKED_FOR = 1.0
"""Seconds that somebody who listens has to take a connection; a full queue counts as somebody."""


def listen(path: Path) -> socket.socket:
    """Bound and listening; OSError that names the path."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _make_room(path)
        sock.bind(str(path))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        message = f"cannot listen on unix:{path}: {error.strerror or error}"
        raise OSError(message) from error
    return sock


def _make_room(path: Path) -> None:
    """Remove a socket's file that nobody listens on (rule 1)."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "a file that is no socket stands there")
    if _is_listened_on(path):
        raise OSError(errno.EADDRINUSE, "another process listens there")
    path.unlink()


def _is_listened_on(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_ASKED_FOR)
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:
            return False
        except TimeoutError:
            return True
    return True


@dataclass(frozen=True, slots=True)
class SocketFile:
    """Which file it was when this process began to serve on it."""

    path: Path
    identity: tuple[int, int, int]

    @staticmethod
    def of(sock: socket.socket) -> SocketFile | None:
        """The file of a Unix socket; None for a TCP port."""
        name = sock.getsockname()
        if not isinstance(name, str) or not name:
            return None
        with contextlib.suppress(OSError):
            return SocketFile(Path(name), _identity(Path(name)))
        return None

    def remove(self) -> None:
        """Rule 3; what cannot be removed stays, and the next start removes it."""
        with contextlib.suppress(OSError):
            if _identity(self.path) == self.identity:
                self.path.unlink()


def _identity(path: Path) -> tuple[int, int, int]:
    """With its age, since the number of a file that is gone is given to the next one."""
    found = path.lstat()
    return found.st_dev, found.st_ino, found.st_mtime_ns
