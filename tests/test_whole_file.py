from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from proxy.whole_file import write_new, write_over, write_whole


def no_room(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("mode", "lasting"), [(0o600, True), (0o644, False)])
def test_a_file_is_replaced_whole(tmp_path: Path, mode: int, *, lasting: bool) -> None:
    """The new bytes stand under the name, with the mode that was asked for, and nothing else is left."""
    path = tmp_path / "kept"
    path.write_bytes(b"before")

    write_whole(path, b"after", mode, lasting=lasting)

    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == mode
    assert names(tmp_path) == ["kept"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes is told, the old bytes stay, and half a file is not left behind."""
    path = tmp_path / "kept"
    write_whole(path, b"before")
    monkeypatch.setattr(os, "fsync", no_room)

    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"after")

    assert path.read_bytes() == b"before"
    assert names(tmp_path) == ["kept"]


def test_of_two_writers_the_first_makes_a_new_file(tmp_path: Path) -> None:
    """The second is told that there is one, and changes nothing."""
    path = tmp_path / "key"
    write_new(path, b"first")

    with pytest.raises(FileExistsError):
        write_new(path, b"second")

    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["key"]


def test_where_no_file_can_stand_the_writer_is_told(tmp_path: Path) -> None:
    """A folder that is not there is not made."""
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "nowhere" / "kept", b"")


@pytest.mark.parametrize("as_read", [True, False])
def test_an_owners_file_is_replaced_if_it_is_as_it_was_read(tmp_path: Path, *, as_read: bool) -> None:
    """It keeps its mode and owner; one that is another by now keeps its bytes as well."""
    path = tmp_path / "routes.yaml"
    path.write_bytes(b"before")
    path.chmod(0o664)
    before = path.stat()

    assert write_over(path, b"after", lambda: as_read) is as_read
    assert path.read_bytes() == (b"after" if as_read else b"before")
    found = path.stat()
    assert (found.st_mode, found.st_uid, found.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert names(tmp_path) == ["routes.yaml"]
