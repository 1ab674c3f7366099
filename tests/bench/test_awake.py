"""A core that is kept awake."""

from __future__ import annotations

import os
from pathlib import Path

from bench import procfs
from bench.load.awake import launch_awake
from bench.processes import running


def test_it_takes_only_what_nobody_wants(tmp_path: Path) -> None:
    """It works without an end, in the class of those that run when a core has nothing else to do."""
    with running(launch_awake(tmp_path / "awake"), min(os.sched_getaffinity(0))) as awake:
        while os.sched_getscheduler(awake.pid) != os.SCHED_IDLE:
            assert awake.process.poll() is None
        begun = awake.cpu_seconds()
        while awake.cpu_seconds() <= begun:
            assert awake.process.poll() is None

    assert not procfs.read_tree(awake.pid)
