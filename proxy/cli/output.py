"""Where a command's answer goes, when nobody takes it.

Rule 1: a reader that goes (`banyan status | head -1`) is no fault: the rest goes nowhere, and the command ends with the
        exit code that it has by what it found.
Rule 2: an answer that cannot be written, as the disk is full, is one sentence and exit 2.
Rule 3: of stderr neither is said: there is nowhere left to say it.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from proxy.cli.help_text import UNUSABLE
from proxy.cli.terminal import complain, leave

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_OUT, _ERR = 1, 2


def set_up_output() -> None:
    """Rules 1 to 3, for this process from now on."""
    sys.stdout, sys.stderr = _stream(sys.stdout, _OUT), _stream(sys.stderr, _ERR)


def _stream(before: TextIO | None, number: int) -> TextIO:
    """In the encoding that it had; what that does not have is no reason to say nothing. One that is closed is none."""
    if before is None:  # `>&-`
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 -- until the process ends
    before.flush()
    raw = _Output(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), before.encoding, "backslashreplace", line_buffering=raw.isatty() or number == _ERR
    )


class _Output(io.FileIO):
    """A descriptor that is written to until that fails."""

    def write(self, piece: ReadableBuffer, /) -> int:
        """How much of it was taken; all of it, where it goes nowhere."""
        try:
            return super().write(piece)
        except BrokenPipeError:
            return self._dropped(piece)
        except OSError as error:
            self._dropped(piece)
            if self.fileno() == _OUT:
                _refuse(error)
            return memoryview(piece).nbytes

    def _dropped(self, piece: ReadableBuffer) -> int:
        """What comes after goes nowhere as well, of processes that were begun by this one, too."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        return memoryview(piece).nbytes


def _refuse(error: OSError) -> None:
    complain(
        f"the answer cannot be written: {error.strerror or error}.",
        "Make room, or write it elsewhere; what the command had done by then is done.",
    )
    leave(UNUSABLE)
