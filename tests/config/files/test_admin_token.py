from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.config.files import admin_token
from proxy.whole_file import write_new


def test_it_is_made_once_for_its_user_alone(tmp_path: Path) -> None:
    """The first time it is drawn and kept, file and folder closed to others; every later time it is read."""
    path = tmp_path / "state" / admin_token.NAME
    first = admin_token.read_or_make(path)

    assert len(first) >= 32
    assert admin_token.read_or_make(path) == admin_token.read(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert admin_token.read_or_make(tmp_path / admin_token.NAME) != first


def test_the_first_of_two_has_made_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds that another start was faster takes that one's token."""
    path = tmp_path / admin_token.NAME

    def beaten(path: Path, data: bytes) -> None:
        write_new(path, b"the-token-of-the-first-one\n")
        write_new(path, data)

    monkeypatch.setattr(admin_token, "write_new", beaten)

    assert admin_token.read_or_make(path) == "the-token-of-the-first-one"


@pytest.mark.parametrize("text", ["", "\n", "short\n", "two words are no token\n", "é" * 20])
def test_what_is_no_token_is_said(tmp_path: Path, text: str) -> None:
    """An empty file, a short one or one with blanks is not taken for a token, and not replaced either."""
    path = tmp_path / admin_token.NAME
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)

    with pytest.raises(OSError, match="holds no token; remove it"):
        admin_token.read_or_make(path)
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_one_that_everybody_can_open_is_not_used(tmp_path: Path, mode: int) -> None:
    """A token that others may read or replace is none."""
    path = tmp_path / admin_token.NAME
    admin_token.read_or_make(path)
    path.chmod(mode)

    with pytest.raises(OSError, match="open to everybody"):
        admin_token.read_or_make(path)


def test_the_place_follows_the_file_and_the_state_directory(tmp_path: Path) -> None:
    """Beside routes.yaml, or where BANYAN_STATE_DIR says: the same for who serves and who commands."""
    config = tmp_path / "routes.yaml"

    assert admin_token.place(config, {}) == tmp_path / ".banyan" / admin_token.NAME
    assert admin_token.place(config, {"BANYAN_STATE_DIR": "/srv/b"}) == Path("/srv/b") / admin_token.NAME
    assert admin_token.place(Path("routes.yaml"), {}).is_absolute()


def test_blanks_are_no_token() -> None:
    """What is set is taken without the blanks around it; blanks alone are nothing."""
    assert admin_token.token_set({}) == admin_token.token_set({admin_token.VARIABLE: " \n"}) == ""
    assert admin_token.token_set({admin_token.VARIABLE: " t\n"}) == "t"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_holds_nobody_up(tmp_path: Path, make: Callable[[Path, int], None]) -> None:
    """A pipe in its place is no token, and nobody waits for who writes into it."""
    path = tmp_path / admin_token.NAME
    make(path, 0o700)

    with pytest.raises(OSError, match=r"not a regular file|Is a directory"):
        admin_token.read_or_make(path)


def test_no_more_is_read_than_a_token_has(tmp_path: Path) -> None:
    """A file of many gigabytes fills no memory."""
    path = tmp_path / admin_token.NAME
    path.touch(0o600)
    os.truncate(path, 1 << 40)

    with pytest.raises(OSError, match="holds no token"):
        admin_token.read(path)


def test_what_another_user_laid_there_is_no_token_of_banyans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that others may write somebody knows it, behind a link too; a command may send it."""
    path, aside = tmp_path / admin_token.NAME, tmp_path / "aside"
    aside.write_text("known-to-another-user-too\n")
    aside.chmod(0o600)
    path.symlink_to(aside)
    owner = aside.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    seen = os.fstat

    def another(descriptor: int) -> os.stat_result:
        known = list(seen(descriptor))
        known[4] = 1000 + owner
        return os.stat_result(known)

    monkeypatch.setattr(os, "fstat", another)

    with pytest.raises(OSError, match="is another user's"):
        admin_token.read_or_make(path)
    assert admin_token.read(path) == "known-to-another-user-too"
