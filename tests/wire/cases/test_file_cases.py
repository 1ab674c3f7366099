"""The published cases of routes.yaml changing under a proxy that serves, FT10 to FT14, each by its id.

Rule: what the watch brings is installed into a data plane that answers requests meanwhile; `/admin` shows by its status
which table runs.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.config.files.watch import FileWatch
from proxy.config.load import Loaded
from proxy.config.text.problem import FileProblem
from proxy.config.text.written_texts import Texts
from tests.wire.ask import ask_once
from tests.wire.plane import ROUTES, Plane, serving, snapshot_for, troubles
from tests.wire.recorder import Recorder

ADMIN = b"GET /admin HTTP/1.1\r\nHost: a\r\n\r\n"
REST = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
STEP = 0.2
"""Seconds between two looks at the file, on a clock of the test's own."""


class Reloading:
    """A file, its watch, and the data plane that serves what the watch brings."""

    def __init__(self, path: Path, text: str, plane: Plane) -> None:
        self.path = path
        self.text = text
        self.problems: list[list[FileProblem]] = []
        self.loads = 0
        self._plane = plane
        self._now = 0.0
        self._watch = FileWatch(path, {}, running=Texts(text), now=lambda: self._now)

    async def look(self, seconds: float = STEP) -> int:
        """Let time pass, looking at the file every step; what `/admin` gets then. Every request meanwhile succeeds."""
        for _ in range(round(seconds / STEP)):
            self._now += STEP
            match self._watch.poll():
                case None:
                    pass
                case Loaded() as loaded:
                    self._plane.listener.install(loaded.snapshot)
                    self.loads += 1
                case problems:
                    self.problems.append(problems)
            assert (await ask_once(self._plane.port, REST)).statuses == [200]
        return (await ask_once(self._plane.port, ADMIN)).statuses[0]


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


@asynccontextmanager
async def reloading(path: Path) -> AsyncIterator[Reloading]:
    """Begin with the cases' routes, in which `/admin` gives 403."""
    recorder = Recorder()
    await recorder.start()
    said = {"legacy": recorder.port, "new": recorder.port, "upstream": "keep_alive: 4s", "limits": "head: 10s"}
    text = ROUTES % said
    write(path, text)
    with troubles() as found:
        async with serving(snapshot_for(recorder.port, recorder.port)) as plane:
            yield Reloading(path, text, plane)
    recorder.stop()
    assert found == []


def answering(text: str, status: int) -> str:
    """The same routes with another answer to `/admin`."""
    return text.replace("status: 403", f"status: {status}")


async def test_ft10_a_half_written_file_changes_nothing(tmp_path: Path) -> None:
    """FT10: half a file is refused once and the old table stays; a second later the whole one is taken over."""
    async with reloading(tmp_path / "routes.yaml") as file:
        whole = answering(file.text, 404)
        half = len(file.text) // 2
        with file.path.open("r+", encoding="utf-8") as writer:
            writer.truncate(half)
        assert await file.look(1.0) == 403
        assert (file.loads, len(file.problems)) == (0, 1)

        file.path.write_text(whole[: len(whole) // 2], encoding="utf-8")
        assert await file.look(1.0) == 403
        with file.path.open("a", encoding="utf-8") as writer:
            writer.write(whole[len(whole) // 2 :])
        assert await file.look(1.0) == 404

    assert file.loads == 1
    assert "half-written" in str(file.problems[0][0])


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
INVALID: dict[str, Callable[[str], bytes]] = {
    "bad YAML": lambda text: text.replace("routes:", "routes: [").encode(),
    "an unknown key": lambda text: text.replace("version: 1", "version: 1\nwrokers: 2").encode(),
    "a route twice": lambda text: text.replace("name: admin-root", "name: admin").encode(),
    "a pattern that is none": lambda text: text.replace('"/api/v2/**"', '"/api/**/v2"').encode(),
    "n as a name": lambda text: text.replace("name: ws", "name: n").encode(),
    "no as a name": lambda text: text.replace("name: ws", "name: no").encode(),
    "on as a name": lambda text: text.replace("name: ws", "name: on").encode(),
    "an unknown upstream": lambda text: text.replace("stage: legacy", "stage: legacy, legacy: nowhere").encode(),
    "a fallback to nobody": lambda text: text.replace("stage: legacy", "stage: legacy, fallback: nobody").encode(),
    "nothing": lambda _: b"",
    "no UTF-8": lambda text: text.encode().replace(b"version: 1", b"version: 1 # \xff\xfe"),
    "50 MB": lambda text: text.encode() + b"#" * 50 * 1024 * 1024,
    "an alias bomb": lambda text: text.encode() + BOMB.encode(),
    "a list": lambda _: b"- 1\n",
}


@pytest.mark.parametrize("what", INVALID)
async def test_ft11_an_invalid_file_is_refused_with_its_line(tmp_path: Path, what: str) -> None:
    """FT11: the old table stays, the problems name file and line and are told once, and a good file is taken after."""
    async with reloading(tmp_path / "routes.yaml") as file:
        file.path.write_bytes(INVALID[what](file.text))
        assert await file.look(3.0) == 403
        assert (file.loads, len(file.problems)) == (0, 1)
        (problem, *_), *_ = file.problems

        file.path.write_text(answering(file.text, 404), encoding="utf-8")
        assert await file.look(1.0) == 404

    assert str(problem).startswith(f"{file.path}:")
    assert problem.line >= 1
    assert problem.message


async def test_ft12_a_config_map_is_swapped_without_a_failed_request(tmp_path: Path) -> None:
    """FT12: the links of a Kubernetes volume are exchanged again and again; each table serves within two looks."""
    path = tmp_path / "routes.yaml"
    async with reloading(path) as file:
        path.unlink()
        swap(tmp_path, 0, file.text)
        path.symlink_to("..data/routes.yaml")
        assert await file.look() == 403
        for number, status in enumerate((404, 410, 403, 451, 404), start=1):
            swap(tmp_path, number, answering(file.text, status))
            assert await file.look(2 * STEP) == status

    assert (file.loads, file.problems) == (5, [])


def swap(folder: Path, number: int, text: str) -> None:
    """What a kubelet does: a new directory, the link to it renamed over the old one, the old directory removed."""
    new, old = folder / f"..{number}", folder / f"..{number - 1}"
    new.mkdir()
    (new / "routes.yaml").write_text(text, encoding="utf-8")
    (folder / "..data_tmp").symlink_to(new.name)
    (folder / "..data_tmp").rename(folder / "..data")
    if old.exists():
        (old / "routes.yaml").unlink()
        old.rmdir()


def unreadable(path: Path) -> None:
    """For whoever may read everything too: a link to nowhere."""
    path.unlink()
    path.symlink_to("nowhere.yaml")


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


GONE: dict[str, Callable[[Path], None]] = {
    "deleted": Path.unlink,
    "unreadable": unreadable,
    "a directory": a_directory,
    "a pipe": a_pipe,
}


@pytest.mark.parametrize("what", GONE)
async def test_ft14_a_file_that_is_gone_changes_nothing(tmp_path: Path, what: str) -> None:
    """FT14: the old table stays, it is told once, and the file is taken over when it is back."""
    async with reloading(tmp_path / "routes.yaml") as file:
        GONE[what](file.path)
        assert await file.look(3.0) == 403
        assert (file.loads, len(file.problems)) == (0, 1)

        file.path.rmdir() if file.path.is_dir() else file.path.unlink(missing_ok=True)
        file.path.write_text(answering(file.text, 404), encoding="utf-8")
        assert await file.look(1.0) == 404


async def test_ft14_an_older_file_is_taken_over(tmp_path: Path) -> None:
    """FT14: content counts, not time: a file of the year 1999 is an edit."""
    async with reloading(tmp_path / "routes.yaml") as file:
        file.path.write_text(answering(file.text, 404), encoding="utf-8")
        os.utime(file.path, (915_148_800, 915_148_800))
        assert await file.look() == 404
