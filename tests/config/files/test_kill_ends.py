from __future__ import annotations

import fcntl
import os
import stat
import threading
from pathlib import Path

import pytest

from proxy.config.files import kill_ends, kill_file
from proxy.core.routing.kill_switch import KillSwitchOrder, SwitchTurn

BEGUN = KillSwitchOrder(by="ann@ops", at="2026-03-01T12:00:00.000Z", reason="new loses orders")
ENDED = KillSwitchOrder(by="bob@ops", at="2026-03-01T12:10:00.000Z", reason="mended\nat last")
SHOWN = KillSwitchOrder(by="bob@ops", at="2026-03-01T12:10:00.000Z", reason="mended\\nat last")
PAIR = (SwitchTurn(order=BEGUN, on=True), SwitchTurn(order=SHOWN, on=False))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A kill file that stands."""
    kill_file.give(tmp_path / "kill", BEGUN)
    return tmp_path / "kill"


def test_what_ended_unseen_is_taken_once(path: Path) -> None:
    """Oldest first, each order with its end, whatever else stands in the file; then nothing is there."""
    assert kill_ends.lift(path, ENDED)
    with kill_ends.place(path).open("a") as file:
        file.write('half\n[1]\n{"begun": 1}\n{"begun": {}}\n' + "[" * 5000 + "\n")
    kill_file.give(path, KillSwitchOrder(at="t"))
    assert kill_ends.lift(path, KillSwitchOrder())

    then = (SwitchTurn(order=KillSwitchOrder(at="t"), on=True), SwitchTurn(order=KillSwitchOrder(), on=False))
    assert kill_ends.take(path) == PAIR + then
    assert kill_ends.take(path) == ()
    assert [*path.parent.iterdir()] == []


def test_what_changed_nothing_is_taken_as_that(path: Path) -> None:
    """An order that came while the switch was on, and one while it was off; a pair between them is whole."""
    kill_ends.note_stood(path, ENDED, on=True)
    kill_ends.lift(path, ENDED)
    kill_ends.note_stood(path, BEGUN, on=False)
    with kill_ends.place(path).open("a") as file:
        file.write('{"stood": "sideways"}\n')

    stood = SwitchTurn(order=SHOWN, on=True, stood=True), SwitchTurn(order=BEGUN, on=False, stood=True)
    assert kill_ends.take(path) == (stood[0], *PAIR, stood[1])


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\n", "\r"])
def test_an_order_is_one_line_whatever_it_says(path: Path, sign: str) -> None:
    """What some take for the end of a line makes no turn that nobody ordered, and no name is lost."""
    kill_ends.note_stood(path, KillSwitchOrder(by="bob", reason=f"al{sign}ready"), on=False)
    kill_ends.lift(path, KillSwitchOrder(by="bob", reason=f"mended{sign}" + "x" * 300_000))
    said = kill_ends.take(path)

    assert [(turn.order.by, turn.on, turn.stood) for turn in said] == [
        ("bob", False, True),
        ("ann@ops", True, False),
        ("bob", False, False),
    ]


def test_what_is_kept_is_bounded(path: Path) -> None:
    """Beyond that nothing more is written, and the switch ends all the same."""
    kill_ends.place(path).write_text("x" * kill_ends.MOST)

    assert kill_ends.lift(path, ENDED)
    assert kill_ends.place(path).stat().st_size == kill_ends.MOST


def test_an_end_that_did_not_come_is_forgotten(path: Path) -> None:
    """What stood there before stays; where nothing did the file is gone."""
    path.unlink()
    assert not kill_ends.lift(path, ENDED)
    left = [*path.parent.iterdir()]
    kill_ends.note_stood(path, ENDED, on=True)
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        kill_ends.lift(path, ENDED)

    assert (left, kill_ends.take(path)) == ([], (SwitchTurn(order=SHOWN, on=True, stood=True),))


def test_whoever_runs_banyan_may_read_it(path: Path) -> None:
    """Whatever the umask of who has ended it."""
    before = os.umask(0o077)
    try:
        kill_ends.lift(path, ENDED)
    finally:
        os.umask(before)

    assert stat.S_IMODE(kill_ends.place(path).stat().st_mode) == 0o644


@pytest.mark.parametrize("make", ["pipe", "link", "folder"])
def test_what_is_no_file_keeps_nothing_and_stops_nobody(path: Path, make: str) -> None:
    """The switch ends, and what somebody else put there is neither read nor written."""
    place, other = kill_ends.place(path), path.with_name("other")
    other.write_text("precious\n")
    match make:
        case "pipe":
            os.mkfifo(place)
        case "link":
            place.symlink_to(other)
        case _:
            place.mkdir()

    assert kill_ends.lift(path, ENDED)
    with pytest.raises(OSError, match=r"kill\.ended|Is a directory|Too many levels"):
        kill_ends.take(path)
    assert other.read_text() == "precious\n"


def test_whoever_keeps_it_keeps_nobody_from_ending_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that hangs is waited for a moment; then the switch ends without being kept."""
    monkeypatch.setattr(kill_ends, "PATIENCE", 0.05)
    place = kill_ends.place(path)
    with place.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert kill_ends.lift(path, ENDED)
        with pytest.raises(TimeoutError, match="somebody keeps"):
            kill_ends.take(path)

    assert kill_ends.take(path) == ()


def test_of_many_who_end_it_at_once_one_has(path: Path) -> None:
    """However they meet, it ends once, by one name, and whoever looks meanwhile reads a whole end or none."""
    for _ in range(40):
        kill_file.give(path, BEGUN)
        begin, found = threading.Barrier(4), list[SwitchTurn]()
        threads = [threading.Thread(target=_end, args=(path, begin, name)) for name in ("a", "b", "c")]
        threads.append(threading.Thread(target=_look, args=(path, begin, found)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        turns = [*found, *kill_ends.take(path)]

        assert [(turn.on, turn.stood) for turn in turns] == [(True, False), (False, False)]
        assert turns[1].order.by in {"a", "b", "c"}


def _end(path: Path, begin: threading.Barrier, name: str) -> None:
    begin.wait()
    kill_ends.lift(path, KillSwitchOrder(by=name))


def _look(path: Path, begin: threading.Barrier, found: list[SwitchTurn]) -> None:
    begin.wait()
    while path.exists():
        found += kill_ends.take(path)
