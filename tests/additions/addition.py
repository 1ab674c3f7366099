"""What somebody adds to Banyan: lines beside lines that stand there, made in a copy of the tree and tried there.

Rule 1: a line is found by a piece of its text that stands in the file once; a file that moved on says which piece.
Rule 2: what was added is proved by running Banyan from the copy, in a process of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Edit:
    """In `path`, the lines `added` go before the line that holds `before`, or after the one that holds `after`.

    With neither, they are a new file.
    """

    path: str
    added: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """All that one change of its kind touches. `earlier`: files that it took at commit 65eae55, by trial or reading."""

    name: str
    edits: tuple[Edit, ...]
    earlier: int

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it touches, each once."""
        return tuple(dict.fromkeys(edit.path for edit in self.edits))


def copied(to: Path, addition: Addition) -> Path:
    """A copy of the product in which the addition is made."""
    shutil.copytree(ROOT / "proxy", to / "proxy", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    for edit in addition.edits:
        path = to / edit.path
        is_new = not (edit.before or edit.after)
        with path.open("x" if is_new else "r+", encoding="utf-8") as file:
            text = edit.added if is_new else added(file.read(), edit)
            file.seek(0)
            file.write(text)
    return to


def added(text: str, edit: Edit) -> str:
    """The text with the edit made; LookupError where its place is not there, or is there twice."""
    lines, mark = text.splitlines(keepends=True), edit.before or edit.after
    places = [number for number, line in enumerate(lines) if mark in line]
    if len(places) != 1:
        message = f"{edit.path} has {len(places)} lines with {mark!r}; say in tests/additions where this goes now"
        raise LookupError(message)
    place = places[0] if edit.before else places[0] + 1
    return "".join([*lines[:place], edit.added, *lines[place:]])


def run(tree: Path, *arguments: str, fails: bool = False) -> str:
    """What the copy's Python prints; AssertionError with all of it where that fails, or does not and is to (`fails`).

    Tests are those of this tree.
    """
    path = os.pathsep.join((str(tree), str(ROOT)))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    command = [sys.executable, "-P", *arguments]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert bool(done.returncode) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr if fails else done.stdout


def banyan(tree: Path, *arguments: str, fails: bool = False) -> str:
    """What a command of the copy prints."""
    return run(tree, "-m", "proxy", *arguments, fails=fails)


def written(tree: Path, lines: Iterable[str]) -> str:
    """The path of a routes.yaml with two upstreams and these lines."""
    head = ("version: 1", "listen: 127.0.0.1:8080", "upstreams:")
    upstreams = ('  legacy: { url: "http://127.0.0.1:3000" }', '  new: { url: "http://127.0.0.1:4000" }')
    path = tree / "routes.yaml"
    path.write_text("\n".join((*head, *upstreams, *lines, "")), encoding="utf-8")
    return str(path)
