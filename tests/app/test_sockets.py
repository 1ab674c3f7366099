"""What is said of an address that cannot be had."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from proxy.app import socket_file
from proxy.app.sockets import hint_of


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EADDRINUSE, "another process may hold the address"),
        (errno.EADDRNOTAVAIL, "this machine has no such address"),
        (errno.EACCES, "this user may not listen there"),
        (errno.EEXIST, "move that file"),
        (errno.EROFS, "the folder of the socket cannot be written to"),
        (errno.EMFILE, "see `listen` and `admin`"),
    ],
)
def test_the_hint_is_that_of_the_cause(number: int, hint: str) -> None:
    """Whether the error comes as the system made it, or with the address in front."""
    bare = OSError(number, "so it is")
    told = OSError("cannot listen on 127.0.0.1:80: so it is")
    told.__cause__ = bare

    assert hint_of(bare).startswith(hint)
    assert hint_of(told) == hint_of(bare)


@pytest.mark.parametrize(("before", "hint"), [("away", "must be there first"), ("file", "is no folder")])
def test_a_socket_without_its_folder_is_told_so(tmp_path: Path, before: str, hint: str) -> None:
    """A folder that is missing, and a file in its place, are no matter of other processes."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="cannot listen on unix:") as error:
        socket_file.listen(tmp_path / before / "b.sock")

    assert hint in hint_of(error.value)
