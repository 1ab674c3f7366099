"""The calls to the kernel that an adapter's process may make, once it needs no others: for computing, and for its ends.

Rule 1: what is not named here is refused with EPERM, whoever calls for it and however: limits on open files keep nobody
        from deleting, renaming or emptying them, and root from having more processes.
Rule 2: of its own limits it may ask for, and set, that of CPU alone.
Rule 3: calls have other numbers on other machines: where a machine is not named here nothing is refused, and
        `refuse_others` says so.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from typing import Final, NamedTuple


class _Machine(NamedTuple):
    """`mark` is the kernel's for its calls; `limits` is prlimit64, `others` all that else may be called."""

    mark: int
    limits: int
    others: tuple[int, ...]


# fmt: off
_MACHINES: Final = {
    "x86_64": _Machine(0xC000003E, 302, (
        0, 1, 3, 5, 8,  # read, write, close, fstat, lseek
        9, 10, 11, 12, 25, 28,  # mmap, mprotect, munmap, brk, mremap, madvise
        13, 14, 15, 131, 219,  # rt_sigaction, rt_sigprocmask, rt_sigreturn, sigaltstack, restart_syscall
        24, 202, 273, 324, 334,  # sched_yield, futex, set_robust_list, membarrier, rseq
        35, 96, 228, 230,  # nanosleep, gettimeofday, clock_gettime, clock_nanosleep
        39, 98, 186, 318,  # getpid, getrusage, gettid, getrandom
        60, 231,  # exit, exit_group
    )),
    "aarch64": _Machine(0xC00000B7, 261, (
        63, 64, 57, 80, 62,
        222, 226, 215, 214, 216, 233,
        134, 135, 139, 132, 128,
        124, 98, 99, 283, 293,
        101, 169, 113, 115,
        172, 165, 178, 278,
        93, 94,
    )),
}
# fmt: on
_NUMBER, _MARK, _FIRST, _SECOND = 0, 4, 16, 24
"""Where the kernel has what is called, for which machine, and the low halves of the first two arguments."""
_LOAD, _IS, _RETURN = 0x20, 0x15, 0x06
_ALLOWED, _REFUSED = 0x7FFF0000, 0x00050000 | errno.EPERM
_PR_SET_SECCOMP, _FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def refuse_others() -> bool:
    """For good. False: rule 3, or a kernel that filters nothing. The process has given up new privileges before."""
    machine = _MACHINES.get(platform.machine()) if sys.byteorder == "little" and sys.maxsize > 2**32 else None
    if machine is None:
        return False
    steps = _steps(machine)
    program = _Program(len(steps) // 8, steps)
    return bool(ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _steps(machine: _Machine) -> bytes:
    """As the kernel reads them: eight bytes each. A step that holds goes on, one that does not skips so many."""
    refused = _step(_RETURN, _REFUSED)
    own_cpu = _step(_LOAD, _FIRST), _step(_IS, 0, 3), _step(_LOAD, _SECOND), _step(_IS, 0, 1), _step(_RETURN, _ALLOWED)
    return b"".join(
        (
            *(_step(_LOAD, _MARK), _step(_IS, machine.mark, 1), _step(_LOAD, _NUMBER), _step(_IS, machine.limits, 6)),
            *(*own_cpu, refused),
            *(_step(_IS, number, 1) + _step(_RETURN, _ALLOWED) for number in machine.others),
            refused,
        )
    )


def _step(what: int, operand: int, skips: int = 0) -> bytes:
    return struct.pack("=HBBI", what, 0, skips, operand)
