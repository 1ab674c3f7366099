"""The processes of the demo: started bound to this one, ended with it, whatever ends it.

Rule 1: each child is its own process group, so that Ctrl-C reaches only the parent, which then ends them in order.
Rule 2: only processes started here are ever signalled, by their own ids; the kernel ends them if this one is killed.
Rule 3: what a child says goes to a file of its own; when one dies, the complaint names that file and its last lines.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

GRACE = 15.0
"""Seconds that all children together have to leave by themselves."""


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process of the demo."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-5:]) or "it said nothing"


class Children:
    """Starts and ends them; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        """Logs go to `folder`, and so does Banyan's state, whatever the environment says."""
        self._folder = folder
        self._state = {"BANYAN_STATE_DIR": str(folder / ".banyan")}
        self._children: list[Child] = []

    def start(self, name: str, *module: str, hands_down: tuple[int, ...] = ()) -> Child:
        """Run `python -m MODULE…`; it inherits the descriptors `hands_down`, and no others."""
        log = self._folder / f"{name}.log"
        python = (sys.executable, "-P", "-m")
        with log.open("wb") as written:
            process = subprocess.Popen(  # noqa: S603  our own modules
                [*python, "proxy.demo.bound", str(os.getpid()), *python, *module],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(_import_from()), **self._state},
                pass_fds=hands_down,
                process_group=0,
            )
        child = Child(name=name, process=process, log=log)
        self._children.append(child)
        return child

    def end(self, child: Child) -> None:
        """End one that is replaced; it counts as gone from here on, whatever it leaves with."""
        self._children.remove(child)
        child.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(GRACE)
        _end_group(child.process)

    def ended(self) -> list[str]:
        """Names of those that are gone."""
        return [child.name for child in self._children if child.process.poll() is not None]

    def check(self, *names: str) -> None:
        """DemoError when one of these (of all, when none is named) has ended."""
        for child in self._children:
            code = child.process.poll()
            if code is not None and (not names or child.name in names):
                raise DemoError(f"{child.name} ended with {code}: {child.last_words}")

    def __enter__(self) -> Self:
        """Nothing runs yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of them, the last one first; what does not leave in time is killed with its group."""
        for child in reversed(self._children):
            child.process.terminate()
        deadline = time.monotonic() + GRACE
        for child in reversed(self._children):
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(deadline - time.monotonic(), 0.1))
        for child in self._children:
            _end_group(child.process)


def _import_from() -> list[str]:
    """Where children find this very package (-P keeps them from a folder called `proxy` where the person stands)."""
    found = os.environ.get("PYTHONPATH", "")
    return [str(Path(__file__).parents[2]), *([found] if found else [])]


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a child that did not leave; its group is its own (Rule 1), so nothing else is in it."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
