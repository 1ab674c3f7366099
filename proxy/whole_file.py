"""Files that appear whole or not at all, whatever happens meanwhile: a crash, a full disk, a second writer.

Rule 1: the bytes are written beside the file, under a name that begins with a dot, and then given its name in one step.
Rule 2: nothing is left behind when that fails.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from errno import EINVAL
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """A file to be read; OSError, also where it is no regular one: a pipe would keep its reader waiting."""
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))  # noqa: SIM115
    if S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise OSError(EINVAL, "is not a regular file", str(path))


def read_regular(path: Path) -> bytes:
    """Its bytes; OSError."""
    with open_regular(path) as file:
        return file.read()


def write_whole(path: Path, data: bytes, mode: int = 0o600, *, lasting: bool = True) -> None:
    """The file with these bytes, in place of one that is there; OSError when it cannot be written.

    `lasting`: both the bytes and the name are on the disk when this returns; otherwise the system may still hold them.
    """
    _write(path, data, mode, lambda fresh: Path(fresh).replace(path), lasting=lasting)


def write_new(path: Path, data: bytes, mode: int = 0o600, *, lasting: bool = True) -> None:
    """The same, but FileExistsError where there is one: of two writers at once, the first has made it."""
    _write(path, data, mode, lambda fresh: os.link(fresh, path), lasting=lasting)


def write_over(path: Path, data: bytes, is_as_read: Callable[[], bool]) -> bool:
    """The same for a file of somebody's own, with its mode, and its owner where that may be given.

    False: it is not as it was read any more, and stays as it is. That is asked last, right before the names change.
    """
    there = path.stat()
    done = False

    def give_name(fresh: str) -> None:
        nonlocal done
        done = is_as_read()
        if done:
            with suppress(PermissionError):
                os.chown(fresh, there.st_uid, there.st_gid)
            Path(fresh).replace(path)

    _write(path, data, S_IMODE(there.st_mode), give_name, lasting=True)
    return done


def _write(path: Path, data: bytes, mode: int, give_name: Callable[[str], object], *, lasting: bool) -> None:
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if lasting:
                os.fsync(file.fileno())
        give_name(fresh)
    finally:
        Path(fresh).unlink(missing_ok=True)
    if lasting:
        _keep_name(path.parent)


def _keep_name(folder: Path) -> None:
    """A name is the folder's, which has to reach the disk as well."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
