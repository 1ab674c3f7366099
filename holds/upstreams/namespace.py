"""A network and mounts of one's own, so that /etc/resolv.conf and port 53 can be a suite's.

Rule: the machine's own are never touched; without the right to make namespaces, a user namespace gives it.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

from bench.errors import BenchError

MARK = "HOLDS_NAMESPACE"
_SIOCSIFFLAGS, _IFF_UP_RUNNING = 0x8914, 0x41
_UNSHARE = ("unshare", "-mn") if os.geteuid() == 0 else ("unshare", "-Urmn")


def enter() -> None:
    """Begin this very program anew within one; returns where that has happened."""
    if os.environ.get(MARK):
        _bring_up_loopback()
        return
    if subprocess.run((*_UNSHARE, "true"), check=False, capture_output=True).returncode:
        message = f"{' '.join(_UNSHARE)} is not allowed here"
        raise BenchError(message)
    argv = (*_UNSHARE, sys.executable, "-m", "holds", *sys.argv[1:])
    os.execvpe(argv[0], argv, {**os.environ, MARK: "1"})


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP_RUNNING))


def put_in_place_of(path: Path, text: str, folder: Path) -> None:
    """Another file stands there, for everybody within."""
    mine = folder / path.name
    mine.write_text(text, encoding="utf-8")
    subprocess.run(("mount", "--bind", str(mine), str(path)), check=True)
