from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from proxy.config.readers.suspended_file import read
from proxy.control.suspension.suspended_list import LOOK_EVERY, SuspendedList
from proxy.tasks import RestartedTasks
from tests.waiting import until


class Listed:
    """`told` is every list that was taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[frozenset[str]] = []
        self.watch = SuspendedList(read, self.told.append)
        self.watch.follow(path)

    async def write(self, text: str) -> None:
        """A look later it is seen, and another one later taken."""
        before = self.path.stat().st_mtime_ns if self.path.exists() else 0
        self.path.write_text(text)
        os.utime(self.path, ns=(before + 1, before + 1))
        await self.watch.look()


@pytest.fixture
def listed(tmp_path: Path) -> Listed:
    (tmp_path / "suspended.txt").write_text("anna\n")
    return Listed(tmp_path / "suspended.txt")


async def test_what_is_there_at_the_start_is_taken_at_once(listed: Listed) -> None:
    """Whoever is listed before the first client is known before it; what does not change is not told again."""
    await listed.watch.look()
    await listed.watch.look()
    assert listed.told == [{"anna"}]


async def test_a_change_is_taken_once_it_is_steady(listed: Listed) -> None:
    """A file that was emptied to be written anew frees nobody."""
    await listed.watch.look()
    await listed.write("")
    await listed.write("anna\nben\n")
    assert listed.told == [{"anna"}]

    await listed.watch.look()
    assert listed.told == [{"anna"}, {"anna", "ben"}]


async def test_subjects_in_quotes_are_logged(listed: Listed) -> None:
    """They are taken as they stand, and bar nobody whom a token names."""
    await listed.watch.look()
    with capture_logs() as lines:
        await listed.write('"globex"\n')
        await listed.watch.look()
    assert listed.told[-1] == {'"globex"'}
    assert [(each["event"], each["subjects"]) for each in lines] == [("suspended_list_quoted", 1)]


async def test_a_missing_file_is_no_empty_one(listed: Listed) -> None:
    """The last list holds, and the log says so once; when the file is back it is taken."""
    await listed.watch.look()
    listed.path.unlink()
    with capture_logs() as lines:
        for _ in range(4):
            await listed.watch.look()
    assert listed.told == [{"anna"}]
    assert [(line["event"], line["error"]) for line in lines] == [
        ("suspended_list_unreadable", "it cannot be read: No such file or directory")
    ]

    await listed.write("ben\n")
    await listed.watch.look()
    assert listed.told[-1] == {"ben"}


async def test_another_file_is_followed(listed: Listed, tmp_path: Path) -> None:
    """The list of before holds until the new one is read; where none is named nobody is listed."""
    await listed.watch.look()
    (tmp_path / "other").write_text("carl")
    listed.watch.follow(tmp_path / "other")
    assert listed.told == [{"anna"}]
    await listed.watch.look()
    assert listed.told[-1] == {"carl"}

    listed.watch.follow(None)
    await listed.watch.look()
    assert listed.told[-1] == frozenset()


async def test_the_watch_looks_by_itself(listed: Listed) -> None:
    """Twice within half a second, so that with the way to workers it is one second at the most."""
    assert 2 * LOOK_EVERY < 0.5
    tasks = RestartedTasks()
    tasks.start(listed.watch.run, name="suspended list")
    await until(lambda: listed.told == [{"anna"}])
    listed.path.write_text("anna\nben\n")
    await until(lambda: listed.told[-1] == {"anna", "ben"})
    await tasks.end()
