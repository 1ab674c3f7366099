from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from proxy.config.files import lastgood
from proxy.config.text.written_texts import Texts


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    """The text comes back as it was, line ends included; a second one takes its place."""
    place = tmp_path / "state" / "banyan"
    lastgood.save(place, Texts("a: é\r\n"))
    first = lastgood.load(place)
    lastgood.save(place, Texts("b: ${SECRET}\n"))

    assert first == Texts("a: é\r\n")
    assert lastgood.load(place) == Texts("b: ${SECRET}\n")
    assert [each.name for each in place.iterdir()] == [lastgood.NAME]


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    """Folder and file belong to the user alone."""
    place = tmp_path / ".banyan"
    lastgood.save(place, Texts("a: 1\n"))

    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / lastgood.NAME).stat().st_mode) == 0o600


def test_without_a_text_there_is_none(tmp_path: Path) -> None:
    """A missing folder, a missing file and what is no text are nothing to fall back to."""
    (tmp_path / lastgood.NAME).write_bytes(b"\xff")

    assert lastgood.load(tmp_path / "none") is None
    assert lastgood.load(tmp_path) is None


def test_a_write_that_fails_keeps_the_old_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the old text stays, nothing is left behind, and the caller is told."""
    lastgood.save(tmp_path, Texts("old\n"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        lastgood.save(tmp_path, Texts("new\n"))

    assert lastgood.load(tmp_path) == Texts("old\n")
    assert [each.name for each in tmp_path.iterdir()] == [lastgood.NAME]


def test_a_place_that_is_a_file_is_told(tmp_path: Path) -> None:
    """Where no folder can be made, the caller is told."""
    place = tmp_path / "file"
    place.touch()

    with pytest.raises(FileExistsError):
        lastgood.save(place, Texts("a: 1\n"))


def test_the_place_is_beside_the_file_or_where_the_environment_says() -> None:
    """`.banyan` beside routes.yaml, or what BANYAN_STATE_DIR names."""
    config = Path("/etc/banyan/routes.yaml")

    assert lastgood.directory(config, {}) == Path("/etc/banyan/.banyan")
    assert lastgood.directory(config, {"BANYAN_STATE_DIR": ""}) == Path("/etc/banyan/.banyan")
    assert lastgood.directory(config, {"BANYAN_STATE_DIR": "/var/lib/banyan"}) == Path("/var/lib/banyan")


SEVERAL = Texts("include: [é.yaml, b.yaml]\n", {"é.yaml": "a: ü\r\n", "b.yaml": "c: ${SECRET}"})


def test_several_texts_are_kept_together(tmp_path: Path) -> None:
    """All come back as they were, in their order, out of one file."""
    lastgood.save(tmp_path, SEVERAL)
    found = lastgood.load(tmp_path)

    assert found == SEVERAL
    assert found is not None
    assert list(found.included) == ["é.yaml", "b.yaml"]
    assert [each.name for each in tmp_path.iterdir()] == [lastgood.NAME]


def test_a_lone_text_that_begins_like_several_is_none_of_them(tmp_path: Path) -> None:
    """Whatever a text begins with, it comes back as it was."""
    lastgood.save(tmp_path, SEVERAL)
    text = (tmp_path / lastgood.NAME).read_text()
    lastgood.save(tmp_path, Texts(text))

    assert lastgood.load(tmp_path) == Texts(text)


@pytest.mark.parametrize("broken", ["cut", "longer", "no head", "no parts"])
def test_texts_that_are_not_whole_are_none(tmp_path: Path, broken: str) -> None:
    """A kept file that lacks a byte, has one too many, or says nothing of its parts is nothing to fall back to."""
    lastgood.save(tmp_path, SEVERAL)
    text = (tmp_path / lastgood.NAME).read_bytes().decode()
    head = text.partition("[")[0]
    changed = {"cut": text[:-1], "longer": text + "#", "no head": f"{head}\n", "no parts": f"{head}[]\n"}
    (tmp_path / lastgood.NAME).write_bytes(changed[broken].encode())

    assert lastgood.load(tmp_path) is None


def test_a_pipe_in_its_place_holds_no_start_up(tmp_path: Path) -> None:
    """It is as if nothing had been kept."""
    os.mkfifo(tmp_path / lastgood.NAME)

    assert lastgood.load(tmp_path) is None
