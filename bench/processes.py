"""Starting programs on a chosen core, waiting until they answer, and ending them whatever happens.

Every program is ended by its own pid, with all its descendants: first SIGTERM to the one that was started, then SIGKILL
to whatever is left. Should this process die without a word, the kernel ends them (setpriv --pdeathsig).
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import procfs
from bench.errors import BenchError, MissingProgramError

READY_SECONDS = 30.0
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start a program: its label, command line, environment on top of ours, and the addresses that say 200."""

    label: str
    argv: tuple[str, ...]
    folder: Path
    output: Path
    port: int
    ready: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A program that has been started."""

    launch: Launch
    process: subprocess.Popen[bytes]

    @property
    def label(self) -> str:
        """The name in the tables."""
        return self.launch.label

    @property
    def pid(self) -> int:
        """The process at the top of its tree."""
        return self.process.pid

    def cpu_seconds(self) -> float:
        """CPU seconds of the whole tree until now."""
        return procfs.tree_cpu_seconds(self.pid)

    def pss(self) -> int:
        """Bytes of memory of the whole tree."""
        return procfs.tree_pss(self.pid)


def find_program(name: str, advice: str) -> str:
    """The path of a program beside this Python or on PATH; else an error with what to do."""
    beside = str(Path(sys.executable).parent)
    path = shutil.which(name, path=os.pathsep.join((beside, os.environ.get("PATH", os.defpath))))
    if path is None:
        raise MissingProgramError(f"{name} is not installed: {advice}")
    return path


@contextlib.contextmanager
def running(launch: Launch, core: int) -> Iterator[Running]:
    """The program, pinned to one core and ready, until the block is left."""
    launch.folder.mkdir(parents=True, exist_ok=True)
    child = Running(launch=launch, process=_start(launch, core))
    try:
        _wait_until_ready(child)
        yield child
    finally:
        stop(child.process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and its descendants, politely for five seconds and then not."""
    tree = procfs.read_tree(process.pid)
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    while left := [stat for stat in tree if procfs.lives(stat)]:
        for stat in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(stat.pid, signal.SIGKILL)
        time.sleep(0.01)
    process.wait()


def _start(launch: Launch, core: int) -> subprocess.Popen[bytes]:
    pin = ("setpriv", "--pdeathsig", "TERM", "taskset", "-c", str(core))
    with launch.output.open("ab") as output, (launch.folder / "stderr.txt").open("ab") as errors:
        return subprocess.Popen(
            (*pin, *launch.argv),
            cwd=launch.folder,
            env={**os.environ, **launch.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )


def _wait_until_ready(child: Running) -> None:
    deadline = time.monotonic() + READY_SECONDS
    waiting = list(child.launch.ready)
    while time.monotonic() < deadline:
        if child.process.poll() is not None:
            raise BenchError(f"{child.label} ended with {child.process.returncode} at start:\n{_last_words(child)}")
        waiting = [address for address in waiting if not _answers_ok(address)]
        if not waiting:
            return
        time.sleep(0.05)
    slow = " and ".join(waiting)
    raise BenchError(f"{child.label} did not answer {slow} in {READY_SECONDS:.0f} s:\n{_last_words(child)}")


def _answers_ok(address: str) -> bool:
    host, _, path = address.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=2)
    try:
        connection.request("GET", f"/{path}")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _last_words(child: Running) -> str:
    text = (child.launch.folder / "stderr.txt").read_text(errors="replace")
    if not text.strip():
        text = child.launch.output.read_text(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-12:]) or "    (it wrote nothing)"


def version_after(argv: tuple[str, ...], marker: str) -> str:
    """The first word after `marker` in a program's version text; `?` where there is none."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    text = done.stdout + done.stderr
    words = (text.partition(marker)[2] if marker else text).split()
    return words[0] if words else "?"
