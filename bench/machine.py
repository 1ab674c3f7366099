"""The machine below the figures: which cores are used, what they are, and free ports."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import socket
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

CPUS = Path("/sys/devices/system/cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """`proxy` runs the proxy that is measured, `load` the load generator and the upstream."""

    proxy: int
    load: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a reader needs to know to judge the figures."""

    processor: str
    cores: int
    kernel: str
    python: str


def choose_cores(text: str | None) -> Cores:
    """Reads `--cores 0,1`, or takes the first two that this process may use."""
    allowed = sorted(os.sched_getaffinity(0))
    try:
        wanted = [int(part) for part in text.split(",")] if text else allowed[:2]
    except ValueError:
        raise BenchError(f"--cores: expected two numbers such as 0,1, got {text!r}") from None
    if len(wanted) != 2 or wanted[0] == wanted[1]:
        raise BenchError("a comparison needs two different cores: one for the proxy, one for the load; see --cores")
    if not set(wanted) <= set(allowed):
        raise BenchError(f"--cores: this process may use {allowed}, not {wanted}")
    return Cores(proxy=wanted[0], load=wanted[1])


def describe_machine() -> Machine:
    """Processor, cores, kernel and Python of this machine; never its name."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        kernel=platform.release().split("-")[0],
        python=platform.python_version(),
    )


def share_a_core(cores: Cores) -> bool:
    """True if the two are threads of one physical core, which makes every proxy look slower."""
    with contextlib.suppress(OSError):
        siblings = (CPUS / f"cpu{cores.proxy}/topology/thread_siblings_list").read_text().strip()
        return str(cores.load) in siblings.replace("-", ",").split(",")
    return False


def raise_file_limit() -> int:
    """Lifts the soft limit of open files to the hard one, for 10,000 connections; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_ports(count: int) -> list[int]:
    """Ports that nobody listened on a moment ago, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
