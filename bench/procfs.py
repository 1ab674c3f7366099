"""CPU time and memory of a process and all its descendants, read from /proc.

Rules:
- CPU time of a tree = utime + stime of what lives, plus cutime + cstime (children that ended and were waited for).
- Memory is PSS: a page that two processes share counts once. It needs the same user, or root.
- A process that ends between listing and reading is left out, not an error.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """One line of /proc/PID/stat: who, whose child, state, since when, CPU ticks with those of ended children."""

    pid: int
    parent: int
    state: str
    started: int
    ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreTimes:
    """CPU seconds of one core since boot: `work` by processes, `stolen` by the hypervisor."""

    work: float
    stolen: float


def parse_stat(text: str) -> Stat:
    """Reads /proc/PID/stat; the command in brackets may itself hold spaces and brackets (proc(5))."""
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return Stat(
        pid=int(head.split(" ", 1)[0]),
        parent=int(fields[1]),
        state=fields[0],
        started=int(fields[19]),
        ticks=sum(int(field) for field in fields[11:15]),
    )


def parse_pss(text: str) -> int:
    """Bytes from the `Pss:` line of /proc/PID/smaps_rollup."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no `Pss:` line; the kernel must be 4.14 or newer to have smaps_rollup")


def parse_core(text: str, core: int) -> CoreTimes:
    """One core's line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal."""
    for line in text.splitlines():
        name, *fields = line.split()
        if name == f"cpu{core}":
            ticks = [int(field) for field in fields]
            return CoreTimes(work=sum(ticks[:3]) / TICKS_PER_SECOND, stolen=ticks[7] / TICKS_PER_SECOND)
    raise ValueError(f"/proc/stat has no line for core {core}")


def descendants(stats: Iterable[Stat], root: int) -> list[Stat]:
    """The root and everything below it, parents before children."""
    children: dict[int, list[Stat]] = {}
    found: list[Stat] = []
    for stat in stats:
        children.setdefault(stat.parent, []).append(stat)
        if stat.pid == root:
            found.append(stat)
    for stat in found:
        found.extend(children.get(stat.pid, ()))
    return found


def read_tree(root: int) -> list[Stat]:
    """The process `root` and its descendants as they are now; empty if it has ended."""
    stats = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                stats.append(parse_stat((entry / "stat").read_text()))
    return descendants(stats, root)


def lives(known: Stat) -> bool:
    """True while that very process runs: a pid may have gone to another, or wait as a zombie to be collected."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        now = parse_stat((PROC / str(known.pid) / "stat").read_text())
        return now.started == known.started and now.state not in "ZX"
    return False


def tree_cpu_seconds(root: int) -> float:
    """CPU seconds (user and system) that the tree has used since it began; steps of 10 ms."""
    return sum(stat.ticks for stat in read_tree(root)) / TICKS_PER_SECOND


def pss_of(pids: Iterable[int]) -> int:
    """Bytes of memory of these processes together."""
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += parse_pss((PROC / str(pid) / "smaps_rollup").read_text())
    return total


def resident(pid: int) -> int:
    """Bytes that a process has in memory, what it shares included; 0 when it is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * resource.getpagesize()
    return 0


def tree_pss(root: int) -> int:
    """Bytes of memory of the whole tree."""
    return pss_of(stat.pid for stat in read_tree(root))


def read_core(core: int) -> CoreTimes:
    """One core's CPU seconds until now."""
    return parse_core((PROC / "stat").read_text(), core)
