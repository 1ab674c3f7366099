"""A small file that one process at a time has: flock(2) on the file itself, which may be taken away by who has it."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG

_LOOK = 0.01
_OPENED = os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextmanager
def locked(path: Path, flags: int, *, mode: int, patience: float) -> Iterator[int]:
    """The file, opened by these flags; it has this mode, whatever the umask of who makes it.

    OSError: there is none, or it is no file; TimeoutError: somebody has kept it for `patience` seconds.
    """
    until = time.monotonic() + patience
    while True:
        file = os.open(path, flags | _OPENED, mode)
        try:
            if not S_ISREG(os.fstat(file).st_mode):
                raise OSError(errno.EINVAL, f"{path} is no file")
            if _is_ours(file):
                with suppress(OSError):
                    os.fchmod(file, mode)
                yield file
                return
        finally:
            os.close(file)
        if time.monotonic() > until:
            raise TimeoutError(errno.ETIMEDOUT, f"somebody keeps {path}")
        time.sleep(_LOOK)


def _is_ours(file: int) -> bool:
    """Whether nobody else has it, and it is still there: who had it may have taken it away."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(file).st_nlink > 0
    return False
