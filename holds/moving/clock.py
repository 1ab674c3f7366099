"""A wall clock of their own for some processes, which can be moved while they run: Debian's libfaketime.

Rule 1: only the time of day is moved; clocks that cannot be set, on a real machine, are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

LIBRARY = Path("/usr/lib")
_NAME = "faketime/libfaketimeMT.so.1"
TAKEN_AFTER = 1.2
"""Seconds after which all processes go by a clock that was moved."""


class Clock:
    """To be given to processes by `environment`; `offset` in seconds."""

    def __init__(self, library: Path, file: Path) -> None:
        """It is right until it is moved; `file` tells the processes of it."""
        self._library = library
        self._file = file
        self.offset = 0
        self.move(0)

    def move(self, offset: int) -> None:
        """From now on it is so many seconds ahead."""
        self.offset = offset
        self._file.write_text(f"{offset:+d}\n")

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process has to be started with."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def library() -> Path | None:
    """Where libfaketime is, if it is here."""
    return next(LIBRARY.glob(f"*/{_NAME}"), None)
