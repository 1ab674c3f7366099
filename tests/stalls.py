"""Whether the machine served the tests: a `timing` test that failed while it stood still is played again.

A process of its own asks to be woken every `STEP` and notes how late it was: code under test that holds its interpreter
for long makes nothing late there. /proc/stat says what the hypervisor gave to others. Both count from the beginning of
an attempt at a test. What fails on a machine that served it has failed.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections import deque
from pathlib import Path
from time import monotonic  # CLOCK_MONOTONIC: one clock for all processes

STEP = 0.02
STALL = 0.3
"""Seconds late that are no load of the suite's own: beside its busiest tests the watch was 0.16 s late at most."""
STOLEN = 0.1
"""Share of all cores that others had."""


class Stalls:
    """What was missing since `begin`, as a process beside this one sees it."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", __file__]  # ends with its standard input, so with this process
        environment = {"PATH": os.environ.get("PATH", "")}  # coverage shall not follow it
        self.watch = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self.begin()
        self.latest()  # it has begun once it answers

    def begin(self) -> None:
        """Forget what was, for the next attempt."""
        self._began = monotonic()
        self._stolen = stolen()

    def explain(self, failure: BaseException | None) -> bool:
        """Whether a test that failed since then may have failed by it; one that passed did not."""
        if failure is None:
            return False
        had = (monotonic() - self._began) * (os.cpu_count() or 1)
        return self.latest() >= STALL or stolen() - self._stolen >= STOLEN * had

    def latest(self) -> float:
        """Seconds by which the watch was late at most since `begin`."""
        assert self.watch.stdin is not None
        assert self.watch.stdout is not None
        self.watch.stdin.write(b"%r\n" % self._began)
        self.watch.stdin.flush()
        return float(self.watch.stdout.readline())

    def end(self) -> None:
        """End the watch."""
        self.watch.communicate()


def stolen() -> float:
    """Seconds of all cores together that the hypervisor gave to others since the start; 0 where it does not say."""
    ticks = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[8]  # proc(5): the cpu line
    return int(ticks) / os.sysconf("SC_CLK_TCK")


def watch() -> None:
    """Answers each line, a moment, with the seconds by which it was late at most since then; ends with its input."""
    woken: deque[tuple[float, float]] = deque(maxlen=10_000)  # when, and how late, where that was more than a step
    last = monotonic()
    while True:
        asked = select.select([sys.stdin], [], [], STEP)[0]
        last, late = (now := monotonic()), now - last - STEP  # of the whole turn: none of its moments is missed
        if late > STEP:
            woken.append((now, late))
        if asked:
            if not (line := sys.stdin.readline()):
                return
            since = float(line)
            print(max((min(late, at - since) for at, late in woken if at > since), default=0.0), flush=True)


if __name__ == "__main__":
    watch()
