from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from proxy.config.files import kill_file
from proxy.core.routing.kill_switch import KillSwitchOrder, StandingOrder

ORDER = KillSwitchOrder(by="ann@ops", at="2026-03-01T12:00:00.000Z", reason="new loses orders")


def test_what_is_ordered_is_read_again(tmp_path: Path) -> None:
    """Who, when and why come back as they were given; a second order leaves the first one as it is, and is told so."""
    path = tmp_path / "state" / "kill"
    assert kill_file.give(path, ORDER) == (ORDER, False)
    another = KillSwitchOrder(by="bob", at="2026-03-01T13:00:00.000Z", reason="another")
    assert kill_file.give(path, another) == kill_file.give(path, ORDER) == (ORDER, True)

    assert kill_file.read(path) == ORDER
    assert [each.name for each in path.parent.iterdir()] == ["kill"]


def test_one_that_says_nothing_takes_the_words_of_the_next(tmp_path: Path) -> None:
    """Whoever made it by `touch` said neither who nor why; since when it is on stays."""
    path = tmp_path / "kill"
    path.touch()
    os.utime(path, (1_000_000_000, 1_000_000_000))
    stands, stood = kill_file.give(path, ORDER)

    assert not stood
    assert stands == KillSwitchOrder(by=ORDER.by, at="2001-09-09T01:46:40.000Z", reason=ORDER.reason)
    assert kill_file.read(path) == stands


def test_one_that_nobody_can_look_at_is_replaced(tmp_path: Path) -> None:
    """What cannot be known keeps no order from being given."""
    path = tmp_path / "kill"
    path.symlink_to(path)

    assert kill_file.give(path, ORDER) == (ORDER, False)
    assert kill_file.read(path) == ORDER


def test_everybody_may_read_it(tmp_path: Path) -> None:
    """An operator gives the order, and workers that run as another user can tell why."""
    kill_file.give(tmp_path / "kill", ORDER)

    assert stat.S_IMODE((tmp_path / "kill").stat().st_mode) == 0o644


def test_a_directory_is_left_and_it_is_said_what_to_do(tmp_path: Path) -> None:
    """It is an order as well as long as it is there; what is in it is not Banyan's to remove."""
    path = tmp_path / "kill"
    path.mkdir()
    kill_file.give(path, ORDER)

    with pytest.raises(IsADirectoryError, match=f"see what is in it, then `rmdir {re.escape(str(path))}`"):
        kill_file.lift(path)
    assert kill_file.read(path) is not None


def test_lifting_takes_the_file_away(tmp_path: Path) -> None:
    """Afterwards there is no order; lifting what is not there is told, and is no error."""
    path = tmp_path / "kill"
    kill_file.give(path, ORDER)

    assert kill_file.lift(path)
    assert kill_file.read(path) is None
    assert not kill_file.lift(path)
    assert not kill_file.lift(tmp_path / "none" / "kill")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", ""),
        ("new is broken\nsee the chat\r\n", "new is broken\\nsee the chat"),
        ('["a list"]', '["a list"]'),
        ('{"reason": "bad\\u001b[2J numbers"}', "bad [2J numbers"),
        ('{"reason": null}', ""),
        ("x" * 9000, "x" * 200),
        ("\ufeff\x00\x1b]0;title\x07", "]0;title"),
        ("[" * 60_000, "[" * 200),
        ('{"a":' * 60_000, '{"a":' * 40),
    ],
    ids=["touched", "words", "a list", "escapes", "null", "long", "controls", "brackets", "braces"],
)
def test_any_file_is_an_order(tmp_path: Path, text: str, reason: str) -> None:
    """Whatever stands in it, the file counts; what can be shown of it is, and its age is its moment."""
    path = tmp_path / "kill"
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1_000_000_000, 1_000_000_000))

    assert kill_file.read(path) == KillSwitchOrder(at="2001-09-09T01:46:40.000Z", reason=reason)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_folder_or_a_pipe_is_an_order_too(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """In a hurry somebody makes something else of that name: it counts, and nobody waits for its text."""
    make(tmp_path / "kill")

    order = kill_file.read(tmp_path / "kill")
    assert order is not None
    assert re.fullmatch(r"\d{4}-.*Z", order.at)


def test_a_file_that_cannot_be_read_is_an_order_too(tmp_path: Path) -> None:
    """A disk that fails under the file takes its text away, not the order."""
    (tmp_path / "kill").symlink_to("/proc/self/mem")  # a regular file whose first byte answers EIO

    order = kill_file.read(tmp_path / "kill")
    assert order is not None
    assert (order.by, order.reason) == ("", "")


def test_a_full_disk_still_takes_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no text can be written, the file appears empty, and nothing is left beside it."""

    def full(_: int, __: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    kill_file.give(tmp_path / "kill", ORDER)

    assert (tmp_path / "kill").read_bytes() == b""
    assert [each.name for each in tmp_path.iterdir()] == ["kill"]


def test_an_order_that_cannot_be_given_is_told(tmp_path: Path) -> None:
    """Where a file stands in the way of the folder, the caller is told."""
    (tmp_path / "state").touch()

    with pytest.raises(OSError, match="state"):
        kill_file.give(tmp_path / "state" / "kill", ORDER)


def test_a_file_that_cannot_be_looked_at_is_not_a_missing_one(tmp_path: Path) -> None:
    """Links in a circle say nothing of whether there is an order: that is an error, not a no."""
    (tmp_path / "kill").symlink_to(tmp_path / "kill")

    with pytest.raises(OSError, match="symbolic links"):
        kill_file.read(tmp_path / "kill")


def test_the_place_is_in_the_state_directory_or_where_the_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kill` in the state directory, else `kill_file`, counted from the folder of routes.yaml; always absolute."""
    monkeypatch.chdir(tmp_path)
    config = Path("/etc/banyan/routes.yaml")

    assert kill_file.place("", config, {}) == Path("/etc/banyan/.banyan/kill")
    assert kill_file.place("", config, {"BANYAN_STATE_DIR": "/var/lib/banyan"}) == Path("/var/lib/banyan/kill")
    assert kill_file.place("stop", config, {"BANYAN_STATE_DIR": "/var/lib/banyan"}) == Path("/etc/banyan/stop")
    assert kill_file.place("/run/banyan/kill", config, {}) == Path("/run/banyan/kill")
    assert kill_file.place("../kill", Path("here/routes.yaml"), {}) == tmp_path / "kill"


def test_a_write_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even a temporary file can be made, an empty one is the order."""

    def none(**_: object) -> None:
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr(tempfile, "mkstemp", none)
    kill_file.give(tmp_path / "kill", ORDER)

    assert [each.name for each in tmp_path.iterdir()] == ["kill"]


def test_of_two_at_once_the_first_one_stays(tmp_path: Path) -> None:
    """Whoever finds no file and then one that was made meanwhile has changed nothing of it."""
    orders = [KillSwitchOrder(by=by, at="2026-03-01T12:00:00Z", reason=f"by {by}") for by in "abcd"]
    for number in range(20):
        path, begin = tmp_path / f"kill{number}", Barrier(len(orders))

        def give(order: KillSwitchOrder, path: Path = path, begin: Barrier = begin) -> StandingOrder:
            begin.wait()
            return kill_file.give(path, order)

        with ThreadPoolExecutor(len(orders)) as pool:
            stands = list(pool.map(give, orders))

        assert [each.stood for each in stands].count(False) == 1
        assert {each.order for each in stands} == {kill_file.read(path)}
