"""What keeps the load's core from falling asleep: work for times in which there is none, and of no other weight.

A load that has to wait for its proxy sleeps, and each answer then has to wake its core first, which the proxy pays for:
several µs on a virtual machine. Beside a proxy that is faster it never sleeps. So proxies of very different speed are
compared with a core that does not sleep beside either; elsewhere their clients are on other machines.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.processes import Launch, find_program


def launch_awake(folder: Path) -> Launch:
    """Runs whenever nothing else wants its core (SCHED_IDLE)."""
    program = find_program("chrt", "apt-get install util-linux")
    return Launch(
        label="awake",
        argv=(program, "--idle", "0", sys.executable, "-I", "-S", "-c", "while True: pass"),
        folder=folder,
        output=folder / "stdout.txt",
        port=0,
        ready=(),
    )
