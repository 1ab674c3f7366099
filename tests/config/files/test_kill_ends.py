from __future__ import annotations

from pathlib import Path

from proxy.config.files import kill_ends
from proxy.core.routing.kill_switch import KillSwitchOrder, SwitchTurn

BEGUN = KillSwitchOrder(by="ann@ops", at="2026-03-01T12:00:00.000Z", reason="new loses orders")
ENDED = KillSwitchOrder(by="bob@ops", at="2026-03-01T12:10:00.000Z", reason="mended\nat last")
SHOWN = KillSwitchOrder(by="bob@ops", at="2026-03-01T12:10:00.000Z", reason="mended\\nat last")


def test_what_ended_unseen_is_taken_once(tmp_path: Path) -> None:
    """Oldest first, each order with its end, whatever else stands in the file; then nothing is there."""
    path = tmp_path / "kill"
    kill_ends.note(path, BEGUN, ENDED)
    kill_ends.note(path, KillSwitchOrder(at="t"), KillSwitchOrder())
    with kill_ends.place(path).open("a") as file:
        file.write("half\n")

    assert kill_ends.take(path) == (
        SwitchTurn(order=BEGUN, on=True),
        SwitchTurn(order=SHOWN, on=False),
        SwitchTurn(order=KillSwitchOrder(at="t"), on=True),
        SwitchTurn(order=KillSwitchOrder(), on=False),
    )
    assert kill_ends.take(path) == ()
    assert [*tmp_path.iterdir()] == []


def test_what_changed_nothing_is_taken_as_that(tmp_path: Path) -> None:
    """An order that came while the switch was on, and one while it was off; a pair before and after them is whole."""
    path = tmp_path / "kill"
    kill_ends.note_stood(path, ENDED, on=True)
    kill_ends.note(path, BEGUN, ENDED)
    kill_ends.note_stood(path, BEGUN, on=False)
    with kill_ends.place(path).open("a") as file:
        file.write('{"stood": "sideways"}\n[1]\n')

    assert kill_ends.take(path) == (
        SwitchTurn(order=SHOWN, on=True, stood=True),
        SwitchTurn(order=BEGUN, on=True),
        SwitchTurn(order=SHOWN, on=False),
        SwitchTurn(order=BEGUN, on=False, stood=True),
        SwitchTurn(order=KillSwitchOrder(), on=True),
        SwitchTurn(order=KillSwitchOrder(reason="[1]"), on=False),
    )


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    """Beyond that nothing more is written."""
    path = tmp_path / "kill"
    kill_ends.place(path).write_text("x" * kill_ends.MOST)
    kill_ends.note(path, BEGUN, ENDED)

    assert kill_ends.place(path).stat().st_size == kill_ends.MOST


def test_an_end_that_did_not_come_is_forgotten(tmp_path: Path) -> None:
    """What stood there before stays; where nothing did the file is gone."""
    path = tmp_path / "kill"
    kill_ends.unnote(path, kill_ends.note(path, BEGUN, ENDED))
    left = [*tmp_path.iterdir()]
    kill_ends.note_stood(path, ENDED, on=True)
    kill_ends.unnote(path, kill_ends.note(path, BEGUN, ENDED))

    assert (left, kill_ends.take(path)) == ([], (SwitchTurn(order=SHOWN, on=True, stood=True),))
