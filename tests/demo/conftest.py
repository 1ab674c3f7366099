"""Processes that carry a mark, so that a test finds all that a demo ever started, however they are related."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from tests.waiting import blocking_until

MARK = "BANYAN_TEST_MARK"


@dataclass(frozen=True, slots=True)
class Marked:
    """What runs with this mark in its environment."""

    mark: str
    folder: str

    @property
    def environment(self) -> dict[str, str]:
        """For the process that a test starts; its children inherit it, and what a killed one leaves is in `folder`."""
        return {**os.environ, MARK: self.mark, "TMPDIR": self.folder}

    def alive(self) -> dict[int, str]:
        """Process ids and command lines of what runs now."""
        wanted = f"{MARK}={self.mark}".encode()
        return {int(each.name): command_of(each) for each in Path("/proc").iterdir() if wanted in environment_of(each)}

    def until(self, is_so: Callable[[dict[int, str]], bool], seconds: float = 120.0) -> dict[int, str]:
        """Look again and again; the last look, whether it was so or not."""
        blocking_until(lambda: is_so(self.alive()), seconds)
        return self.alive()


def family_of(process: int) -> set[int]:
    """The process and all below it, by /proc now; PostgreSQL, which overwrites its environment, is found here."""
    parents = {each: parent for each in map(int, _numbers()) if (parent := parent_of(each))}
    family = {process}
    while more := {each for each, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _numbers() -> Iterator[str]:
    return (each.name for each in Path("/proc").iterdir() if each.name.isdigit())


def parent_of(process: int) -> int:
    """0 when it is gone, or a zombie."""
    try:
        state, parent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return 0
    return 0 if state == "Z" else int(parent)


def left_of(family: set[int], seconds: float = 120.0) -> set[int]:
    """Which of them still live, once all are gone or the time is over."""
    left = set(family)

    def are_gone() -> bool:
        left.intersection_update({process for process in left if parent_of(process)})
        return not left

    blocking_until(are_gone, seconds)
    return left


def environment_of(process: Path) -> list[bytes]:
    """Empty for what is no process, is gone, a zombie, or another user's."""
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def command_of(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@pytest.fixture
def marked() -> Iterator[Marked]:
    """A fresh mark; whatever still carries it at the end is ended, by its id."""
    with TemporaryDirectory(prefix="bt-", ignore_cleanup_errors=True) as folder:
        found = Marked(uuid4().hex, folder)
        yield found
        for process in found.alive():
            os.kill(process, 9)
