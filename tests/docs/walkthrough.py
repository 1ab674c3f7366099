"""Plays docs/first-route.md in a folder of its own; `python -m tests.docs.walkthrough` writes what was said into it.

Rule 1: files are those of the page, commands run in one shell, one after another; only ports are others.
Rule 2: a command that only reads is given again until it says what the page says, as a person would.
Rule 3: what differs from run to run is told apart from what does not: numbers, ids and the machine's name.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, groupby
from pathlib import Path

from tests.e2e.program import free_port
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "first-route.md"
PORTS = ("8080", "9090", "3001", "3002")
ELSEWHERE = ("pip install", "createdb ", "AT=", "export LEGACY_DB=")
"""What the test's machine has done already."""
READS = (
    *("banyan status", "banyan mismatches", "banyan idempotency list", "banyan journal list", "banyan reconcile"),
    *("banyan check", "banyan discover", "banyan plan", "banyan retire --preview", "curl "),
)
HINTS = {
    "banyan mismatches": (r"\A(?!.*undecided).*\$\.total",),
    "banyan status": ("mismatches are proved to be above", "^orders.show +live "),
    "curl ": ("legacy", "new", "legacy"),
}
"""What a reading command is waited for when the page is written: one pattern for each time that it stands there."""
PAUSE = 0.3
"""Seconds between two askings: how soon a person looks again matters to nobody."""
_BLOCK = re.compile(r"```(?P<kind>\w+)\n(?P<text>.*?)```\n", re.DOTALL)
_FILE = re.compile(r"[Ss]ave (?:it|this) as `([\w.-]+)`")
_CHANGING = re.compile(r"\b[0-9a-f]{12}\b|[0-9]+(?:[.:,][0-9]+)*|\((?:compiled|interpreted)\)")
_FOLDED = re.compile(r"\n {4,}(?=\S)")
_CLUSTER = re.compile(r"[0-9a-f]{12}  ")
_END = "\x1e"


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that the page has saved."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Given:
    """A command, and what the page shows below it; `place` is where that stands in the page."""

    command: str
    shown: str
    place: slice


def steps(page: str) -> Iterator[Saved | Given]:
    """What the page has done, in its order."""
    for block in _BLOCK.finditer(page):
        if block["kind"] == "console":
            yield from _commands(block["text"], block.start("text"))
        elif names := _FILE.findall(page, page.rfind("```\n", 0, block.start()), block.start("text")):
            yield Saved(names[-1], block["text"])


def _commands(text: str, start: int) -> Iterator[Given]:
    for found in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        yield Given(found[1], found[2], slice(start + found.start(2), start + found.end(2)))


def steady(said: str) -> str:
    """Without what is another thing in each run: numbers, where a sentence is folded, and the order of clusters, which
    is that of their counts.
    """
    named = _FOLDED.sub(" ", said.replace(socket.gethostname(), "shop")).splitlines()
    blocks = groupby((line for line in named if line.strip()), key=lambda line: bool(_CLUSTER.match(line)))
    lines = [line for rows, block in blocks for line in (sorted(map(_masked, block)) if rows else map(_masked, block))]
    return "\n".join(lines)


def _masked(line: str) -> str:
    masked = " ".join(_CHANGING.sub("N", line).split())
    return masked.replace(" N (N%) ", " N ")  # how many could not be compared: their share is said where there are any


class Shell:
    """One bash, and what it starts: its own session, ended as a whole."""

    def __init__(self, folder: Path) -> None:
        """`banyan` and `python3` are this tree's."""
        programs = folder / "bin"
        programs.mkdir()
        _program(programs / "banyan", f"{shlex.quote(sys.executable)} -P -m proxy")
        _program(programs / "python3", shlex.quote(sys.executable))
        unset = {"BANYAN_ADMIN_TOKEN", "BANYAN_STATE_DIR"}
        kept = {name: value for name, value in os.environ.items() if name not in unset}
        self._process = subprocess.Popen(
            ["/bin/bash", "--norc"],
            cwd=folder,
            env={**kept, "COLUMNS": "100", "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str) -> str:
        """What it says until the shell takes the next one."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\nprintf '{_END}\\n'\n")
        self._process.stdin.flush()
        bound = threading.Timer(PATIENCE, self._process.kill)
        bound.start()
        said = []
        while (line := self._process.stdout.readline()) and not line.endswith(f"{_END}\n"):
            said.append(line)
        bound.cancel()
        assert line, f"{command!r} did not end: {said}"
        return "".join(said) + line.removesuffix(f"{_END}\n")

    def end(self) -> None:
        """Everything that was started."""
        with self._process:  # closes both ends of the pipe, and waits
            os.killpg(self._process.pid, signal.SIGTERM)


def _program(path: Path, command: str) -> None:
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)


@contextmanager
def shell(folder: Path) -> Iterator[Shell]:
    """Ended whatever happens."""
    running = Shell(folder)
    try:
        yield running
    finally:
        running.end()


def play(page: str, folder: Path, wanted: Callable[[Given], Callable[[str], bool]]) -> Iterator[tuple[Given, str]]:
    """Each command with what it said; `wanted` says of what a reading one says whether it is that."""
    ports = dict(zip(PORTS, map(str, (free_port() for _ in PORTS)), strict=True))
    with shell(folder) as running:
        for step in steps(page):
            match step:
                case Saved():
                    (folder / step.name).write_text(_swapped(step.text, ports), encoding="utf-8")
                case Given() if not step.command.startswith(ELSEWHERE):
                    yield step, _said(running, step, ports, wanted(step))
                case Given():
                    pass


def _said(running: Shell, step: Given, ports: dict[str, str], is_wanted: Callable[[str], bool]) -> str:
    command, back = _swapped(step.command, ports), {mine: public for public, mine in ports.items()}
    said = _swapped(running.run(command), back)
    if step.command.startswith(READS):
        end = time.monotonic() + PATIENCE
        while not is_wanted(said) and time.monotonic() < end:
            time.sleep(PAUSE)
            said = _swapped(running.run(command), back)
    return said


def _swapped(text: str, ports: dict[str, str]) -> str:
    return re.sub(rf"\b(?:{'|'.join(ports)})\b", lambda found: ports[found[0]], text)


def main() -> None:
    """Write the page anew."""
    page, seen = PAGE.read_text(encoding="utf-8"), {name: count() for name in HINTS}

    def wanted(step: Given) -> Callable[[str], bool]:
        name = next((name for name in HINTS if step.command.startswith(name)), "")
        hint = HINTS[name][next(seen[name])] if name else ""
        return lambda said: re.search(hint, said, re.MULTILINE | re.DOTALL) is not None

    with tempfile.TemporaryDirectory() as folder:
        played = list(play(page, Path(folder), wanted))
    for step, said in reversed(played):
        shown = "".join(f"{line.rstrip()}\n" for line in said.replace(socket.gethostname(), "shop").splitlines())
        page = page[: step.place.start] + shown + page[step.place.stop :]
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
