"""When somebody asked for a command: its process is there before the command is, on a busy machine by seconds."""

from __future__ import annotations

import os
import time
from contextvars import ContextVar
from pathlib import Path

_STARTED = 19
"""Field of /proc/self/stat behind the name: clock ticks from the machine's start to that of the process (proc(5))."""
OWN_PROCESS: ContextVar[bool] = ContextVar("own_process", default=False)
"""Whether this process was started for the command that runs."""


def seconds_since_asked() -> float:
    """Of a command that a process was started for; 0 for others, and where the system does not say."""
    return process_age() if OWN_PROCESS.get() else 0.0


def process_age() -> float:
    """Seconds since this process was started; 0 where the system does not say."""
    try:
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        started = int(fields[_STARTED]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
