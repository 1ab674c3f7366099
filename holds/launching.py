"""Starting a program on loopback, waiting until it listens, and ending it with everything below it, by process id.

Should this process die without a word, the kernel ends what it started (setpriv --pdeathsig).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from bench import procfs
from bench.errors import BenchError

ROOT = Path(__file__).parent.parent
READY_SECONDS = 30.0
STOP_SECONDS = 8.0
PIN = ("setpriv", "--pdeathsig", "KILL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to start; it is ready when all `ports` of `host` take connections. Words go to `folder`/`label`.txt."""

    label: str
    argv: Sequence[str]
    folder: Path
    ports: Sequence[int]
    env: Mapping[str, str] = field(default_factory=dict)
    output: int | None = None
    host: str = "127.0.0.1"

    @property
    def said(self) -> Path:
        """Where standard error, and without `output` standard output too, is kept."""
        return self.folder / f"{self.label}.txt"


def start(launch: Launch) -> subprocess.Popen[bytes]:
    """Begin; nothing is waited for."""
    launch.folder.mkdir(parents=True, exist_ok=True)
    with launch.said.open("ab") as said:
        output: int | IO[bytes] = said if launch.output is None else launch.output
        return subprocess.Popen(
            (*PIN, *launch.argv),
            cwd=launch.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **launch.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=said,
            start_new_session=True,
        )


async def until_listening(launch: Launch, process: subprocess.Popen[bytes]) -> None:
    """Wait for the ports; an error with the program's last words when it ends or is too slow."""
    deadline = time.monotonic() + READY_SECONDS
    for port in launch.ports:
        while not await is_listening(port, launch.host):
            if process.poll() is not None:
                raise BenchError(f"{launch.label} ended with {process.returncode} at start:\n{_last_words(launch)}")
            if time.monotonic() > deadline:
                raise BenchError(f"{launch.label} did not listen on {port} in time:\n{_last_words(launch)}")
            await asyncio.sleep(0.05)


async def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a connection is taken."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def running(launch: Launch) -> AsyncIterator[subprocess.Popen[bytes]]:
    """The program, ready, until the block is left."""
    process = start(launch)
    try:
        await until_listening(launch, process)
        yield process
    finally:
        await end(process)


async def end(process: subprocess.Popen[bytes]) -> None:
    """Politely for a while, then not; descendants too."""
    tree = procfs.read_tree(process.pid)
    if process.poll() is None:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    while process.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110 -- a process sets no event
        await asyncio.sleep(0.02)
    for stat in tree:
        if procfs.lives(stat):
            with contextlib.suppress(ProcessLookupError):
                os.kill(stat.pid, signal.SIGKILL)
    process.wait()


def _last_words(launch: Launch) -> str:
    lines = launch.said.read_text(errors="replace").splitlines()[-12:]
    return "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"
