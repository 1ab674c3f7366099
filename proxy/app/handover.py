"""SIGUSR2: a successor process takes over the listening sockets, so that a new version refuses nobody.

  1 the predecessor starts `banyan serve` anew and hands down its sockets by number
  2 the successor serves on the very same sockets; for a moment both accept
  3 when its workers serve, it sends the predecessor SIGTERM, which drains and ends
  · when it cannot start, it ends, and the predecessor serves on

Rule 1: sockets are handed down, never closed and bound again: what waits in their queues is served by either.
Rule 2: the address is the predecessor's; a changed `listen` or `admin` needs a restart.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

import structlog

VARIABLE = "BANYAN_HANDED_DOWN"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedDown:
    """What a predecessor gave: its process id and its sockets."""

    predecessor: int
    workers: tuple[socket.socket, ...]
    admin: socket.socket

    def take_over(self) -> None:
        """The successor serves: the predecessor may go."""
        os.kill(self.predecessor, signal.SIGTERM)


def handed_down(env: MutableMapping[str, str]) -> HandedDown | None:
    """What stands in the environment, which forgets it, so that no child of ours takes it for its own."""
    text = env.pop(VARIABLE, "")
    if not text:
        return None
    predecessor, admin, *workers = (int(each) for each in text.split(","))
    return HandedDown(
        predecessor=predecessor,
        workers=tuple(socket.socket(fileno=worker) for worker in workers),
        admin=socket.socket(fileno=admin),
    )


def start_successor(
    config: Path, workers: tuple[socket.socket, ...], admin: socket.socket, env: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Step 1; OSError when no process can be made."""
    numbers = [admin.fileno(), *(worker.fileno() for worker in workers)]
    successor = subprocess.Popen(  # noqa: S603 -- our own interpreter and file
        [sys.executable, "-m", "proxy", "serve", "--config", str(config)],
        pass_fds=numbers,
        env={**env, VARIABLE: ",".join(str(each) for each in (os.getpid(), *numbers))},
    )
    _log.info("successor_started", pid=successor.pid)
    return successor


class Readiness:
    """A pipe through which the workers say that they serve."""

    def __init__(self, expected: int) -> None:
        """`expected` workers are to say so."""
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._missing = expected

    def say(self) -> None:
        """In a worker: it serves."""
        os.write(self._writing, b".")

    def complete(self) -> bool:
        """In the supervisor: whether all have said so."""
        with contextlib.suppress(BlockingIOError):
            self._missing -= len(os.read(self._reading, 4096))
        return self._missing <= 0
