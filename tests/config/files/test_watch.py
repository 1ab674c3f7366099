from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxy.config.files.watch import CUT, READ_EVERY, FileWatch, elapsed
from proxy.config.load import Loaded
from proxy.config.text.named_files import NamedFiles
from proxy.config.text.problem import FileProblem
from proxy.config.text.written_texts import Texts
from tests.config.given_files import FILE

OTHER = FILE.replace("name: rest", "name: all")
THIRD = FILE.replace("name: rest", "name: any")
BAD = FILE.replace("stage: legacy", "stage: legac")
TICK = 0.2


@dataclass
class Clock:
    """Goes forward by a tick at each look of the watch."""

    now: float = 100.0

    def __call__(self) -> float:
        self.now += TICK
        return self.now


class Watched:
    """A file on the disk with its watch; `look` polls for as long as it takes to settle, and gives what came."""

    def __init__(self, path: Path, running: str = FILE) -> None:
        self.path = path
        self.path.write_text(running)
        self.watch = FileWatch(path, {}, running=Texts(running), now=Clock())

    def poll(self) -> str | None:
        """The name of the first route taken over, or the first problem's message."""
        found = self.watch.poll()
        match found:
            case None:
                return None
            case Loaded():
                return found.snapshot.routes[0].name
            case _:
                return found[0].message

    def look(self, seconds: float = 1.0) -> list[str]:
        """What came of looking for some seconds."""
        return [came for _ in range(round(seconds / TICK)) if (came := self.poll()) is not None]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "routes.yaml")


def in_place(path: Path, text: str) -> None:
    """As an editor or a bind mount does: the same file, other bytes."""
    with path.open("r+") as file:
        file.write(text)
        file.truncate()


def renamed(path: Path, text: str) -> None:
    """As a careful editor does: a new file takes the name."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)


def moved_away(path: Path, text: str) -> None:
    """As some editors do: the old file becomes a backup, then a new one is made."""
    path.rename(path.with_suffix(".bak"))
    path.write_text(text)


def older(path: Path, text: str) -> None:
    """As a restored backup does: the new file is older than the old one."""
    in_place(path, text)
    os.utime(path, (0, 0))


@pytest.mark.parametrize("write", [in_place, renamed, moved_away, older])
def test_an_edit_is_taken_over_however_it_is_made(watched: Watched, write: Callable[[Path, str], None]) -> None:
    """Whatever way the new text arrives, it is taken over once, at the next look."""
    before = watched.look()
    write(watched.path, OTHER)

    assert before == []
    assert watched.poll() == "all"
    assert watched.look(5.0) == []


def test_a_swapped_config_map_is_taken_over(tmp_path: Path) -> None:
    """Kubernetes swaps the link of a folder above the file and removes the old folder; that is an edit too (FT12)."""
    for name, text in (("..1", FILE), ("..2", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "routes.yaml").write_text(text)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "routes.yaml").symlink_to("..data/routes.yaml")
    watch = FileWatch(tmp_path / "routes.yaml", {}, running=Texts(FILE), now=Clock())
    before = watch.poll()
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    shutil.rmtree(tmp_path / "..1")
    found = watch.poll()

    assert before is None
    assert isinstance(found, Loaded)
    assert found.texts == Texts(OTHER)


def test_an_edit_that_leaves_every_trace_as_it_was_is_found_in_time(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file system tells no difference, the content is still looked at every two seconds."""
    watched.look()
    seen = watched.path.stat()
    in_place(watched.path, OTHER)
    with monkeypatch.context() as coarse:
        coarse.setattr(Path, "stat", lambda *_, **__: seen)
        came = watched.look(READ_EVERY + TICK)

    assert came == ["all"]


def test_a_touched_file_is_no_change(watched: Watched) -> None:
    """The same content with another time, or in another file, is not loaded again."""
    watched.look()
    os.utime(watched.path)
    renamed(watched.path, FILE)

    assert watched.look(5.0) == []


def test_a_bad_file_is_told_once_and_again_when_it_changes(watched: Watched) -> None:
    """Problems are told at once, not repeated, and told anew for other content; then the mended file is taken over."""
    in_place(watched.path, BAD)
    first = watched.look(5.0)
    in_place(watched.path, BAD.replace("legac", "lega"))
    second = watched.look(5.0)
    in_place(watched.path, OTHER)

    assert len(first) == len(second) == 1
    assert "must be one of legacy" in first[0]
    assert watched.look(5.0) == ["all"]


def test_a_mended_file_that_is_what_runs_is_told(watched: Watched) -> None:
    """When the mistake is undone, what runs is loaded once more, so that everybody learns that all is well."""
    in_place(watched.path, BAD)
    watched.look()
    in_place(watched.path, FILE)

    assert watched.look(5.0) == ["rest"]


@pytest.mark.parametrize("cut", [0, 1, len(FILE) // 2, len(FILE) - 1])
def test_a_half_written_file_is_refused_until_it_is_whole(watched: Watched, cut: int) -> None:
    """A text that stops within a line of what runs is not taken over, however long it stays; a whole one is (FT10)."""
    watched.path.write_text(FILE[:cut])
    refused = watched.look(5.0)
    watched.path.write_text(OTHER)

    assert len(refused) == 1
    assert refused[0].startswith(f"the file looks half-written: these are the first {cut} of the {len(FILE)} bytes")
    assert watched.look(5.0) == ["all"]


def test_a_file_that_ends_with_a_line_of_what_runs_must_settle(tmp_path: Path) -> None:
    """A shorter text that ends with a line may be an edit: it is taken over once it has stayed so for some seconds."""
    longer = FILE + "  - {name: more, match: /more, stage: legacy}\n"
    watched = Watched(tmp_path / "routes.yaml", running=longer)
    watched.path.write_text(FILE)
    early = watched.look(CUT - TICK)

    assert early == []
    assert watched.look(2 * TICK + CUT) == ["rest"]


def test_a_writer_that_pauses_at_the_end_of_a_line_is_waited_for(tmp_path: Path) -> None:
    """While lines go on to arrive, nothing is taken over until they are all there."""
    longer = FILE + "".join(f"  - {{name: r{at}, match: /{at}, stage: legacy}}\n" for at in range(6))
    watched = Watched(tmp_path / "routes.yaml", running=longer)
    lines = longer.splitlines(keepends=True)
    came = []
    for end in range(8, len(lines)):
        watched.path.write_text("".join(lines[:end]))
        came += watched.look(2 * TICK)
    watched.path.write_text(longer)

    assert came + watched.look(5.0) == []


def test_sighup_takes_the_file_as_it_is(tmp_path: Path) -> None:
    """Forced, a text that looks half-written is loaded at once, and so is one that has not changed."""
    longer = FILE + "  - {name: more, match: /more, stage: legacy}\n"
    watched = Watched(tmp_path / "routes.yaml", running=longer)
    watched.look()
    watched.path.write_text(FILE.rstrip("\n"))
    watched.watch.force()
    half = watched.poll()
    watched.watch.force()

    assert half == "rest"
    assert watched.look(5.0) == ["rest"]


def test_sighup_tells_what_is_wrong_again(watched: Watched) -> None:
    """Forced, a bad file and a missing one are told though they have been told before."""
    in_place(watched.path, BAD)
    watched.look()
    watched.watch.force()
    bad = watched.poll()
    watched.path.unlink()
    watched.look()
    watched.watch.force()

    assert bad is not None
    assert "must be one of legacy" in bad
    assert watched.poll() == "the file is not there"


def test_a_file_that_goes_away_is_told_once_it_stays_away(watched: Watched) -> None:
    """Deleted, then a directory, then back: each is told once, and what ran is told to run again (FT14)."""
    watched.path.unlink()
    gone = [watched.poll(), watched.poll(), *watched.look(5.0)]
    watched.path.mkdir()
    folder = watched.look(5.0)
    watched.path.rmdir()
    watched.path.write_text(FILE)

    assert gone == [None, None, "the file is not there"]
    assert folder == ["the file is a directory; routes.yaml must be a file"]
    assert watched.look(5.0) == ["rest"]


def test_a_file_that_is_away_for_a_moment_is_not_told(watched: Watched) -> None:
    """Between an editor's moving the old file away and its writing the new one, nothing is said."""
    watched.path.rename(watched.path.with_suffix(".bak"))
    away = watched.poll()
    watched.path.write_text(OTHER)

    assert away is None
    assert watched.look(5.0) == ["all"]


def test_a_file_that_is_being_written_is_looked_at_again(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody writes to at this very moment is not taken over before it is steady."""
    look, looks = os.fstat, iter(["before", "after"])

    def written_meanwhile(descriptor: int) -> os.stat_result:
        if next(looks) == "after":
            in_place(watched.path, OTHER)
        return look(descriptor)

    in_place(watched.path, THIRD)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", written_meanwhile)
        torn = watched.poll()

    assert torn is None
    assert watched.look() == ["all"]


def test_problems_name_the_file_as_it_was_given(tmp_path: Path) -> None:
    """What the watch tells prints like every problem."""
    path = tmp_path / "routes.yaml"
    path.write_text(FILE[:30])
    found = FileWatch(path, {}, running=Texts(FILE), now=Clock()).poll()

    assert isinstance(found, list)
    assert isinstance(found[0], FileProblem)
    assert str(found[0]).startswith(f"{path}:2:1: the file looks half-written")


def test_the_environment_stays_that_of_the_start(tmp_path: Path) -> None:
    """Variables in a new text are replaced from the environment that the watch was given."""
    path = tmp_path / "routes.yaml"
    path.write_text(THIRD.replace("name: any", "name: '${NAME}'"))
    found = FileWatch(path, {"NAME": "named"}, running=Texts(FILE), now=Clock()).poll()

    assert isinstance(found, Loaded)
    assert found.snapshot.routes[0].name == "named"


def test_the_clock_goes_forward() -> None:
    """Without another clock, the watch counts the seconds since a moment in the past."""
    assert 0 < elapsed() <= elapsed()


def with_keys(path: Path) -> FileWatch:
    """A watch of a file that runs, for which `keys` beside it was read."""
    path.write_text(FILE)
    path.with_name("keys").write_text("one")
    named = NamedFiles()
    named.read(path.with_name("keys"))
    return FileWatch(path, {}, running=Texts(FILE), named=named, now=Clock())


def test_a_change_of_a_file_that_was_read_for_it_is_a_reload(tmp_path: Path) -> None:
    """Once it has stayed so for a moment, and once; the text of routes.yaml itself is what it was."""
    path = tmp_path / "routes.yaml"
    watch = with_keys(path)
    before = [watch.poll() for _ in range(20)]
    path.with_name("keys").write_text("another")
    found = [watch.poll() for _ in range(20)]

    assert before == [None] * 20
    assert found[0] is None
    assert sum(isinstance(each, Loaded) for each in found) == 1


def test_a_file_that_is_written_in_parts_is_not_taken_before_it_rests(tmp_path: Path) -> None:
    """Each look finds more of it: nothing is taken over until two find the same."""
    path = tmp_path / "routes.yaml"
    watch = with_keys(path)
    found: list[object] = []
    for part in ("t", "tw", "two", "two\n", "two\nt"):
        path.with_name("keys").write_text(part)
        found.append(watch.poll())

    assert found == [None] * 5
    path.with_name("keys").write_text("one")
    assert [watch.poll() for _ in range(20)] == [None] * 20
