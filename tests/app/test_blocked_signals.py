"""A process that waits for its signals, and one that was stopped meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WAITING = """
import signal, sys
from proxy.app.blocked_signals import BlockedSignals
signals = BlockedSignals({signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD})
print("waits", flush=True)
for seconds in map(float, sys.argv[1:]):
    print(signals.wait(seconds), flush=True)
"""


def waiting(*seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WAITING, *map(str, seconds)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    return process


def test_signals_come_one_by_one_and_their_absence_too() -> None:
    """Each is told once, however long it had to wait; none where there is none."""
    process = waiting(60.0, 60.0, 0.01)
    os.kill(process.pid, signal.SIGUSR1)
    os.kill(process.pid, signal.SIGTERM)
    said, _ = process.communicate()

    assert sorted(said.split()[:2]) == [str(int(signal.SIGUSR1)), str(int(signal.SIGTERM))]
    assert said.split()[2:] == ["None"]


def test_a_process_that_was_stopped_beyond_its_deadline_hears_of_no_signal() -> None:
    """SIGSTOP, and SIGCONT after the time for which it would wait: nothing came."""
    process = waiting(0.2)
    os.kill(process.pid, signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    subprocess.run(["sleep", "0.5"], check=True)
    os.kill(process.pid, signal.SIGCONT)
    said, _ = process.communicate()

    assert (said, process.returncode) == ("None\n", 0)
