"""Runs a command that cannot outlive its parent: `python -m proxy.demo.bound PARENT COMMAND…`.

Rule 1: the kernel itself ends the command by SIGTERM when the parent is gone, however that ended (prctl(2), PDEATHSIG).
Rule 2: a parent that was gone before the kernel was asked is noticed: the command is then never started.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and become the command; exit 1 when the parent is gone."""
    parent, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM)) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  the command is the demo's own


if __name__ == "__main__":
    main()
