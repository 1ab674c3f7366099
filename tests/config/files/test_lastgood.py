from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from proxy.config.files import lastgood


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    """The text comes back as it was, line ends included; a second one takes its place."""
    place = tmp_path / "state" / "banyan"
    lastgood.save(place, "a: é\r\n")
    first = lastgood.load(place)
    lastgood.save(place, "b: ${SECRET}\n")

    assert first == "a: é\r\n"
    assert lastgood.load(place) == "b: ${SECRET}\n"
    assert [each.name for each in place.iterdir()] == [lastgood.NAME]


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """Folder and file belong to the user alone."""
    place = tmp_path / ".banyan"
    lastgood.save(place, "a: 1\n")

    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / lastgood.NAME).stat().st_mode) == 0o600


def test_without_a_text_there_is_none(tmp_path: Path) -> None:
    """A missing folder, a missing file and what is no text are nothing to fall back to."""
    (tmp_path / lastgood.NAME).write_bytes(b"\xff")

    assert lastgood.load(tmp_path / "none") is None
    assert lastgood.load(tmp_path) is None


def test_a_write_that_fails_keeps_the_old_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the old text stays, nothing is left behind, and the caller is told."""
    lastgood.save(tmp_path, "old\n")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        lastgood.save(tmp_path, "new\n")

    assert lastgood.load(tmp_path) == "old\n"
    assert [each.name for each in tmp_path.iterdir()] == [lastgood.NAME]


def test_a_place_that_is_a_file_is_told(tmp_path: Path) -> None:
    """Where no folder can be made, the caller is told."""
    place = tmp_path / "file"
    place.touch()

    with pytest.raises(FileExistsError):
        lastgood.save(place, "a: 1\n")


def test_the_place_is_beside_the_file_or_where_the_environment_says() -> None:
    """`.banyan` beside routes.yaml, or what BANYAN_STATE_DIR names."""
    config = Path("/etc/banyan/routes.yaml")

    assert lastgood.directory(config, {}) == Path("/etc/banyan/.banyan")
    assert lastgood.directory(config, {"BANYAN_STATE_DIR": ""}) == Path("/etc/banyan/.banyan")
    assert lastgood.directory(config, {"BANYAN_STATE_DIR": "/var/lib/banyan"}) == Path("/var/lib/banyan")
