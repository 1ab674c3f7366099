"""Reading /proc: whose child a process is, what it used, and what it holds."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import pytest

from bench import procfs
from bench.procfs import Stat

STAT = (
    "4711 (nginx: (worker) x) S 4700 4711 4700 0 -1 4194368 100 20 0 0 "
    "150 50 7 3 20 0 1 0 98765 1000000 500 18446744073709551615"
)


def test_a_stat_line_is_read_past_brackets_in_the_command() -> None:
    """Pid, parent, start and all four CPU fields are found although the command holds spaces and brackets."""
    assert procfs.parse_stat(STAT) == Stat(pid=4711, parent=4700, state="S", started=98765, ticks=150 + 50 + 7 + 3)


def test_pss_is_read_in_bytes() -> None:
    """The `Pss:` line counts, in KiB, and not `Pss_Anon:` or `Rss:`."""
    assert procfs.parse_pss("00-ff ---p [rollup]\nRss: 900 kB\nPss: 475 kB\nPss_Anon: 116 kB\n") == 475 * 1024


def test_a_rollup_without_pss_says_what_is_needed() -> None:
    """A text without a `Pss:` line is an error, not zero bytes."""
    with pytest.raises(ValueError, match=r"4\.14"):
        procfs.parse_pss("Rss: 900 kB\n")


def test_a_core_counts_work_and_theft_but_not_idleness_or_interrupts() -> None:
    """Work is user, nice and system of that core alone; steal stands apart."""
    text = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\ncpu1 100 20 30 5000 40 6 7 80 0 0\n"
    core = procfs.parse_core(text, 1)
    assert core.work * procfs.TICKS_PER_SECOND == pytest.approx(150)
    assert core.stolen * procfs.TICKS_PER_SECOND == pytest.approx(80)


def test_an_unknown_core_is_an_error() -> None:
    """A core that the kernel does not list is named."""
    with pytest.raises(ValueError, match="core 7"):
        procfs.parse_core("cpu0 1 1 1 1 1 1 1 1 0 0\n", 7)


def _stat(pid: int, parent: int) -> Stat:
    return Stat(pid=pid, parent=parent, state="S", started=0, ticks=1)


def test_descendants_are_the_whole_tree_and_nobody_else() -> None:
    """Children of children count, in whatever order they are listed; a neighbour does not."""
    listed = [_stat(30, 20), _stat(20, 10), _stat(99, 1), _stat(10, 1), _stat(21, 10)]
    assert [stat.pid for stat in procfs.descendants(listed, 10)] == [10, 20, 21, 30]


def test_a_tree_that_has_ended_is_empty() -> None:
    """A root that nobody knows has no descendants."""
    assert procfs.descendants([_stat(20, 10)], 77) == []


def test_cpu_of_a_child_that_ended_stays_in_the_sum() -> None:
    """Work of a child counts for the tree after the child has been waited for."""
    burn = "import time\nwhile time.process_time() < 0.15: pass"
    before = procfs.tree_cpu_seconds(os.getpid())
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert procfs.tree_cpu_seconds(os.getpid()) - before >= 0.14


def test_memory_of_this_process_is_some_megabytes() -> None:
    """PSS of a running Python is neither nothing nor absurd."""
    assert 1 << 20 < procfs.pss_of([os.getpid()]) <= procfs.resident(os.getpid()) < 1 << 32


def test_a_process_that_is_gone_holds_nothing() -> None:
    """Whoever ended between two looks is no error."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()

    assert procfs.resident(ended.pid) == procfs.pss_of([ended.pid]) == 0


def test_a_pid_that_went_to_another_process_does_not_live() -> None:
    """A process is known by pid and start: the same pid with another start is somebody else."""
    me = procfs.parse_stat((procfs.PROC / "self" / "stat").read_text())
    assert procfs.lives(me)
    assert not procfs.lives(dataclasses.replace(me, started=me.started - 1))
