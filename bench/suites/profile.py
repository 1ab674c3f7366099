"""Where Banyan's worker spends its time: py-spy, while the load runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench import procfs
from bench.errors import BenchError
from bench.load import wrk
from bench.load.workload import ROUTES
from bench.machine import Cores
from bench.peers import banyan
from bench.processes import find_program
from bench.rounds import Say
from bench.suites.stand import stand

ADVICE = "pip install py-spy (it reads another process' memory: run as root, or allow ptrace)"


def record(cores: Cores, say: Say, seconds: int, output: Path) -> Path:
    """Writes a speedscope file of the busiest process of Banyan's tree."""
    spy = find_program("py-spy", ADVICE)
    with stand(cores) as ground:
        child, _ = ground.put_up(banyan.PEER)
        load = wrk.items(ROUTES)
        wrk.run(load, port=child.launch.port, seconds=1, core=cores.load)
        worker = max(procfs.read_tree(child.pid), key=lambda stat: stat.ticks)
        say(f"watching process {worker.pid} for {seconds} s")
        options = ("--duration", str(seconds), "--format", "speedscope", "--output", str(output))
        argv = (spy, "record", "--pid", str(worker.pid), *options)
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as watching:
            try:
                wrk.run(load, port=child.launch.port, seconds=seconds + 1, core=cores.load)
                code = watching.wait(seconds + 30)
            except BaseException:
                watching.kill()
                raise
    if code != 0:
        raise BenchError(f"py-spy ended with {code}: {ADVICE}")
    return output
