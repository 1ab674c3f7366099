from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.config.files import watch as module
from proxy.config.files.watch import SETTLE, FileWatch
from proxy.config.load import Loaded, load_bytes, load_file
from proxy.config.text.included_files import IncludedFiles
from proxy.config.text.named_files import NamedFiles
from proxy.config.text.problem import FileProblem
from proxy.config.text.written_texts import Texts
from tests.config.files.test_watch import TICK, Clock
from tests.config.given_files import FILE

MAIN = FILE.replace("routes:\n", "include: [orders.yaml, search.yaml]\nroutes:\n")
ORDERS = "routes:\n  - {name: orders, match: /orders, stage: legacy}\n  - {name: order, match: /order, stage: legacy}\n"
SEARCH = "routes:\n  - {name: search, match: /search, stage: legacy}\n"


class Watched:
    """Three files that run, with their watch."""

    def __init__(self, folder: Path, main: str = MAIN) -> None:
        self.main, self.orders, self.search = (folder / name for name in ("routes.yaml", "orders.yaml", "search.yaml"))
        self.orders.write_text(ORDERS)
        self.search.write_text(SEARCH)
        self.main.write_text(main)
        running = load_file(self.main, {})
        assert isinstance(running, Loaded)
        self.running = running
        self.watch = FileWatch(self.main, {}, running=running.texts, named=running.named, now=Clock())

    def poll(self) -> str | None:
        """The names of the routes taken over, or all problems with their places."""
        found = self.watch.poll()
        if found is None:
            return None
        if isinstance(found, Loaded):
            return " ".join(route.name for route in found.snapshot.routes)
        return "; ".join(str(each).removeprefix(f"{self.main.parent}/") for each in found)

    def look(self, seconds: float = 3.0) -> list[str]:
        """What came of looking for some seconds."""
        return [came for _ in range(round(seconds / TICK)) if (came := self.poll()) is not None]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_nothing_is_taken_while_nothing_changes(watched: Watched) -> None:
    """What runs is known with all its files; touched ones are no change."""
    before = watched.look()
    os.utime(watched.orders)

    assert before + watched.look() == []


def test_an_edit_of_an_included_file_is_taken_once_it_is_still(watched: Watched) -> None:
    """After half a second in which it has stayed as it is, and once."""
    watched.look()
    watched.orders.write_text(ORDERS.replace("orders", "ordered"))
    early = watched.look(SETTLE - TICK)

    assert early == []
    assert watched.look() == ["rest ordered order search"]


def test_an_edit_of_several_files_is_taken_when_all_are_still(watched: Watched) -> None:
    """While one after another is written, nothing is taken; then all are at once."""
    came = []
    for at in range(4):
        watched.orders.write_text(ORDERS.replace("name: orders", f"name: o{at}"))
        came += watched.look(2 * TICK)
        watched.search.write_text(SEARCH.replace("name: search", f"name: s{at}"))
        came += watched.look(2 * TICK)
        watched.main.write_text(MAIN.replace("name: rest", f"name: r{at}"))
        came += watched.look(2 * TICK)

    assert came == []
    assert watched.look() == ["r3 o3 order s3"]


def test_files_that_do_not_hang_together_are_refused_whole(watched: Watched) -> None:
    """A route moved into a file before it is gone from the other is a problem; once it is gone, all are taken."""
    watched.search.write_text(SEARCH + "  - {name: order, match: /order, stage: legacy}\n")
    refused = watched.look()
    watched.orders.write_text(ORDERS[: ORDERS.index("  - {name: order,")])

    assert len(refused) == 1
    assert 'search.yaml:3:12: routes[1].name: "order" is taken by routes[1] (' in refused[0]
    assert watched.look() == ["rest orders search order"]


def test_sighup_takes_all_files_now(watched: Watched) -> None:
    """Without a wait, and half-written ones as well."""
    watched.orders.write_text(ORDERS.rstrip("\n"))
    watched.watch.force()

    assert watched.poll() == "rest orders order search"


@pytest.mark.parametrize("cut", [0, len(ORDERS) // 2, len(ORDERS) - 1])
def test_a_half_written_included_file_is_told_and_not_taken(watched: Watched, cut: int) -> None:
    """One that stops within a line of what runs is refused, once, however long it stays; an empty one, too."""
    watched.orders.write_text(ORDERS[:cut])
    refused = watched.look(5.0)
    watched.orders.write_text(ORDERS)

    assert len(refused) == 1
    assert f"the file looks half-written: these are the first {cut} of the {len(ORDERS)} bytes" in refused[0]
    assert refused[0].startswith("orders.yaml:")
    assert watched.look() == ["rest orders order search"]


def test_a_missing_included_file_is_told_once_and_never_empty(watched: Watched) -> None:
    """The file that names it is told of; away for a moment it is not missed; when it is back, that is told."""
    watched.orders.unlink()
    moment = watched.look(SETTLE - TICK)
    watched.orders.write_text(ORDERS)
    back = watched.look()
    watched.orders.unlink()
    missing = watched.look(5.0)
    watched.orders.write_text(ORDERS)

    assert moment + back == []
    assert missing == ['routes.yaml:6:11: include[0]: "orders.yaml" is not there; put it there, or take it out']
    assert watched.look() == ["rest orders order search"]


def test_a_missing_main_file_is_told_once(watched: Watched) -> None:
    """And when it is back, what runs is told to run again."""
    watched.main.unlink()
    gone = watched.look(5.0)
    watched.main.write_text(MAIN)

    assert gone == ["routes.yaml:1:1: the file is not there"]
    assert watched.look() == ["rest orders order search"]


def test_new_includes_are_waited_for_and_watched(tmp_path: Path) -> None:
    """One file alone that begins to include others waits until those are still; then their edits are taken."""
    watched = Watched(tmp_path, FILE)
    watched.look()
    watched.main.write_text(MAIN)
    came = [watched.poll()]
    watched.search.write_text(SEARCH.replace("name: search", "name: find"))
    came += watched.look(SETTLE - TICK)
    taken = watched.look()
    watched.orders.write_text(ORDERS.replace("name: orders", "name: ordered"))

    assert came == [None]
    assert taken == ["rest orders order find"]
    assert watched.look() == ["rest ordered order find"]


def test_new_includes_that_are_taken_back_change_nothing(tmp_path: Path) -> None:
    """The text that runs is loaded once more; after it, an edit of the one file is taken at the next look."""
    watched = Watched(tmp_path, FILE)
    watched.look()
    watched.main.write_text(MAIN)
    put_off = watched.poll()
    watched.main.write_text(FILE)
    again = watched.look()
    watched.main.write_text(FILE.replace("name: rest", "name: all"))

    assert put_off is None
    assert again == ["rest"]
    assert watched.poll() == "all"


def test_one_file_alone_is_again_taken_at_once(watched: Watched) -> None:
    """A file that includes none any more is as quick as ever, and others' edits are nothing to it."""
    watched.main.write_text(FILE)
    taken = watched.look()
    watched.orders.write_text("nothing")
    others = watched.look()
    watched.main.write_text(FILE.replace("name: rest", "name: all"))

    assert taken == ["rest"]
    assert others == []
    assert watched.poll() == "all"


def test_a_main_file_that_cannot_be_read_at_all_is_mended_with_its_includes(watched: Watched) -> None:
    """Nothing is known of its includes meanwhile; when it can be read, those of now are taken."""
    watched.main.write_text("a: [")
    bad = watched.look()
    watched.orders.write_text(ORDERS.replace("name: orders", "name: ordered"))
    still_bad = watched.look()
    watched.main.write_text(MAIN)

    assert len(bad) == 1
    assert still_bad == []
    assert watched.look() == ["rest ordered order search"]


def test_a_start_from_the_last_good_texts_tells_what_the_files_say_now(tmp_path: Path) -> None:
    """What runs is what was kept; the bad included file is told, though routes.yaml itself is what runs."""
    Watched(tmp_path)
    (tmp_path / "orders.yaml").write_text(ORDERS.replace("stage: legacy", "stage: legcy"))
    kept = Texts(MAIN, {"orders.yaml": ORDERS, "search.yaml": SEARCH})
    watch = FileWatch(tmp_path / "routes.yaml", {}, running=kept, now=Clock())
    found = [came for _ in range(10) if (came := watch.poll()) is not None]

    assert [isinstance(each, list) for each in found] == [True]


def test_what_is_written_while_it_is_loaded_is_put_off(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes between the last look and the load is not taken before it is still as well."""
    later = SEARCH.replace("name: search", "name: found")

    def written_meanwhile(
        data: bytes, name: str, env: Mapping[str, str], named: NamedFiles, included: IncludedFiles
    ) -> Loaded | list[FileProblem]:
        watched.search.write_text(later)
        return load_bytes(data, name, env, named, included)

    monkeypatch.setattr(module, "load_bytes", written_meanwhile)
    watched.orders.write_text(ORDERS.replace("name: orders", "name: ordered"))
    early = watched.look(SETTLE + 2 * TICK)

    assert early == []
    assert watched.look() == ["rest ordered order found"]


def test_a_swapped_config_map_of_several_files_is_taken_as_one(tmp_path: Path) -> None:
    """All names are links through one that is swapped, and the old folder is removed: one edit, within the folder."""
    other = (MAIN.replace("name: rest", "name: all"), ORDERS.replace("name: orders", "name: ordered"), SEARCH)
    for version, texts in (("..1", (MAIN, ORDERS, SEARCH)), ("..2", other)):
        (tmp_path / version).mkdir()
        for name, text in zip(("routes.yaml", "orders.yaml", "search.yaml"), texts, strict=True):
            (tmp_path / version / name).write_text(text)
    (tmp_path / "..data").symlink_to("..1")
    for name in ("routes.yaml", "orders.yaml", "search.yaml"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    running = load_file(tmp_path / "routes.yaml", {})
    assert isinstance(running, Loaded)
    watch = FileWatch(tmp_path / "routes.yaml", {}, running=running.texts, now=Clock())
    before = [watch.poll() for _ in range(5)]
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    shutil.rmtree(tmp_path / "..1")
    found = [came for _ in range(10) if (came := watch.poll()) is not None]

    assert before == [None] * 5
    assert [isinstance(each, Loaded) and [route.name for route in each.snapshot.routes] for each in found] == [
        ["all", "ordered", "order", "search"]
    ]
