"""What the process of an adapter gives up before its first message, so that what it runs can harm nobody but itself.

Rule 1: where this machine lets it, it lives in namespaces of its own: no network, and no other process that it could
        see or signal. Where it does not, the other rules hold, and code is kept from modules that reach the world.
Rule 2: it opens nothing any more: no file, no socket, no pipe. What it has open is its two ends to its starter.
Rule 3: it has so much memory, writes no core, gains no rights, and dies with its starter.
Rule 4: it makes no call to the kernel but those that computing takes (`allowed_calls.py`): it starts no process, and
        touches no file by its name either.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path
from typing import Final

from proxy.translator.allowed_calls import refuse_others

MEMORY: Final = 256 * 1024 * 1024
"""Bytes of address space beyond what the process takes before its first message."""
SPARE_CPU: Final = 2
"""Seconds of CPU beyond a message's own time, after which the kernel ends the process where nobody else does."""
OUT_OF_TIME: Final = 75
"""The exit code of who has spent its CPU."""
NAMESPACES, GUARDED = "namespaces", "import_guard"
UNFILTERED: Final = ", unfiltered"
"""Behind either, where this machine refuses no calls (rule 4)."""
_CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x08000000, 0x10000000, 0x20000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_libc = ctypes.CDLL(None, use_errno=True)


def leave_the_world() -> str:
    """Rule 1: go on in a child, in namespaces of its own; the parent only waits for it. Which way it was done."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWPID | _CLONE_NEWIPC):
        return GUARDED
    child = os.fork()
    if child:
        for end in (0, 1, 2):
            os.close(end)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return NAMESPACES


def confine(way: str) -> str:
    """Rules 2 to 4, for good, in a process that has left the world in this way; what is said of it."""
    signal.signal(signal.SIGXCPU, lambda *_: os._exit(OUT_OF_TIME))  # the first process of a namespace ignores defaults
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    memory = pages * resource.getpagesize() + MEMORY
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (most, most))
    return way if refuse_others() else way + UNFILTERED


def spend(seconds: float) -> None:
    """So much more CPU, and a little; beyond, the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + SPARE_CPU
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))
