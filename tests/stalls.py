"""Whether the machine served the tests: what failed while it stood still has proven nothing, and is played again.

A thread asks to be woken every `STEP` and notes how late it was; /proc/stat says what the hypervisor gave to others.
Both count from the beginning of an attempt at a test. What fails on a machine that served it has failed.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from time import monotonic, sleep

STEP = 0.02
STALL = 0.3
"""Seconds late that are no load of the suite's own: beside its busiest tests the thread was 0.16 s late at most."""
STOLEN = 0.1
"""Share of all cores that others had."""


class Stalls:
    """What was missing since `begin`, as this process sees it."""

    def __init__(self) -> None:
        self._latest = 0.0
        self._began = self._stolen = 0.0
        self.begin()
        threading.Thread(target=self._watch, name="stalls", daemon=True).start()

    def begin(self) -> None:
        """Forget what was, for the next attempt."""
        self._latest, self._began, self._stolen = 0.0, monotonic(), stolen()

    def explain(self, failure: BaseException | None) -> bool:
        """Whether a test that failed since then may have failed by it; one that passed did not."""
        if failure is None:
            return False
        sleep(2 * STEP)  # the thread that was late, too, has to be awake
        had = (monotonic() - self._began) * (os.cpu_count() or 1)
        return self._latest >= STALL or stolen() - self._stolen >= STOLEN * had

    def _watch(self) -> None:
        while True:
            due = monotonic() + STEP
            sleep(STEP)
            self._latest = max(self._latest, monotonic() - max(due, self._began))


def stolen() -> float:
    """Seconds of all cores together that the hypervisor gave to others since the start; 0 where it does not say."""
    ticks = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[8]  # proc(5): the cpu line
    return int(ticks) / os.sysconf("SC_CLK_TCK")
