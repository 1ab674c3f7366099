"""Bytes on the disk → text: every way in which a file can fail to be one, as a sentence.

Rule 1: only a regular file is read, so that a pipe in its place blocks nobody; and no more of it than its bound.
Rule 2: nothing raises.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from proxy.config.text.document import MAX_BYTES
from proxy.config.text.problem import FileProblem

ABSENT = "is not there"


class Signature(NamedTuple):
    """What changes when a file does: written in place, replaced, or reached by another link. Times in nanoseconds."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


class FileBytes(NamedTuple):
    """A file's bytes. `steady` is False when somebody wrote to it meanwhile."""

    data: bytes
    signature: Signature
    steady: bool


def read_source(path: Path) -> FileBytes | str:
    """The file, or why it cannot be had."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return _sentence(error)
    try:
        return _read(descriptor)
    except OSError as error:
        return _sentence(error)
    finally:
        os.close(descriptor)


def signature_of(path: Path) -> Signature | str:
    """The signature alone, links followed, or why it cannot be had."""
    try:
        return _signature(path.stat())
    except OSError as error:
        return _sentence(error)


def decode(data: bytes, name: str) -> str | FileProblem:
    """The text of a file called `name`."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8; save the file as UTF-8"
        return FileProblem(file=name, line=line, column=column, where="", message=message)


def _read(descriptor: int) -> FileBytes | str:
    before = os.fstat(descriptor)
    if stat.S_ISDIR(before.st_mode):
        return "is a directory; routes.yaml must be a file"
    if not stat.S_ISREG(before.st_mode):
        return "is not a regular file"
    if before.st_size > MAX_BYTES:
        return f"has {before.st_size} bytes, more than the {MAX_BYTES} that are read"
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        data = file.read(MAX_BYTES + 1)
    after = _signature(os.fstat(descriptor))
    return FileBytes(data, after, after == _signature(before) and len(data) == after.size)


def _signature(found: os.stat_result) -> Signature:
    return Signature(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _sentence(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return ABSENT
        case PermissionError():
            return "may not be read by this user"
        case _:
            return f"cannot be read: {error.strerror or error}"
