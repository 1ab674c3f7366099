from __future__ import annotations

import os
from pathlib import Path

import pytest

from proxy.config.text.document import MAX_BYTES
from proxy.config.text.problem import FileProblem
from proxy.config.text.source import FileBytes, decode, read_source, signature_of


def test_a_file_is_read_with_its_signature(tmp_path: Path) -> None:
    """The bytes come with what the file looked like, and nobody wrote meanwhile."""
    path = tmp_path / "routes.yaml"
    path.write_bytes(b"a: 1\r\n")
    found = read_source(path)

    assert isinstance(found, FileBytes)
    assert (found.data, found.steady) == (b"a: 1\r\n", True)
    assert found.signature == signature_of(path)


def test_the_signature_changes_with_every_way_to_change_a_file(tmp_path: Path) -> None:
    """Written in place, replaced, given an older time: each is another signature."""
    path, other = tmp_path / "routes.yaml", tmp_path / "other"
    path.write_text("a: 1")
    seen = [signature_of(path)]
    path.write_text("a: 22")
    seen.append(signature_of(path))
    other.write_text("a: 22")
    other.replace(path)
    seen.append(signature_of(path))
    os.utime(path, (0, 0))
    seen.append(signature_of(path))

    assert len(set(seen)) == 4


def test_what_is_no_readable_file_is_told(tmp_path: Path) -> None:
    """Nothing, a directory, a pipe, a broken link, a name that is too long: each has its sentence; nothing blocks."""
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(link)

    assert read_source(tmp_path / "none") == signature_of(tmp_path / "none") == "is not there"
    assert read_source(tmp_path) == "is a directory; routes.yaml must be a file"
    assert read_source(pipe) == "is not a regular file"
    assert read_source(link) == "cannot be read: Too many levels of symbolic links"
    assert read_source(tmp_path / ("x" * 300)) == "cannot be read: File name too long"


def test_a_file_that_this_user_may_not_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing permission has its sentence (root may read everything, so the system's refusal is played)."""

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)

    assert read_source(tmp_path / "routes.yaml") == "may not be read by this user"


def test_a_disk_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When reading itself fails, the system's words are told and the file is closed."""
    path = tmp_path / "routes.yaml"
    path.touch()

    def fail(_: int) -> os.stat_result:
        raise OSError(5, "Input/output error")

    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", fail)
        found = read_source(path)

    assert found == "cannot be read: Input/output error"
    assert len(list(descriptors.iterdir())) == before


def test_a_file_that_is_too_big_is_not_read(tmp_path: Path) -> None:
    """Beyond the bound only the size is looked at."""
    path = tmp_path / "routes.yaml"
    path.touch()
    os.truncate(path, MAX_BYTES + 1)

    assert read_source(path) == f"has {MAX_BYTES + 1} bytes, more than the {MAX_BYTES} that are read"


def test_a_file_that_grows_while_it_is_read_is_not_steady(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody writes to between the two looks is read, and marked."""
    path = tmp_path / "routes.yaml"
    path.write_text("a: 1\n")
    look, looks = os.fstat, iter(["before", "after"])

    def written_meanwhile(descriptor: int) -> os.stat_result:
        if next(looks) == "after":
            path.write_text("a: 1\nb: 2\n")
        return look(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", written_meanwhile)
        found = read_source(path)

    assert isinstance(found, FileBytes)
    assert not found.steady


def test_text_is_utf_8() -> None:
    """Text is decoded; the first byte that is none has its place, counted in characters."""
    assert decode("é: ü".encode(), "routes.yaml") == "é: ü"
    assert decode(b"a: 1\n\xc3\xa9\xc3\xa9: \xff", "routes.yaml") == FileProblem(
        file="routes.yaml",
        line=2,
        column=5,
        where="",
        message="the byte 0xFF is not UTF-8; save the file as UTF-8",
    )
