"""Signals of a process without a loop, as something to wait for: blocked, and read from signalfd(2).

Python's own `signal.sigtimedwait` is no way to wait for them: to a process that was stopped beyond its deadline, and
goes on, it returns what happened to stand in memory (an EINTR leaves siginfo unwritten), which may be any number.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
from collections.abc import Set as AbstractSet

_SET = 128
"""Bytes of a sigset_t."""
_INFO = 128
"""Bytes of a signalfd_siginfo; it begins with the number."""
_NUMBER = 4


class BlockedSignals:
    """These, from now on blocked, here and in what is forked, which has to unblock them."""

    def __init__(self, signals: AbstractSet[signal.Signals]) -> None:
        """OSError: the kernel has no such thing."""
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        mask = sum(1 << (number - 1) for number in signals).to_bytes(_SET, "little")
        libc = ctypes.CDLL(None, use_errno=True)
        self._file = libc.signalfd(-1, mask, os.O_CLOEXEC | os.O_NONBLOCK)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "signalfd")
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)

    def wait(self, seconds: float) -> signal.Signals | None:
        """The next of them; None: none came within so many seconds."""
        if not self._poll.poll(seconds * 1000):
            return None
        return signal.Signals(int.from_bytes(os.read(self._file, _INFO)[:_NUMBER], "little"))
