"""Programs that are started here end here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bench import procfs
from bench.errors import BenchError, MissingProgramError
from bench.machine import free_ports
from bench.processes import Launch, find_program, running, version_after

STUBBORN = """
import signal, subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ok(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
child.stdout.readline()
HTTPServer(("127.0.0.1", int(sys.argv[1])), Ok).serve_forever()
"""


def _core() -> int:
    return min(os.sched_getaffinity(0))


def _launch(folder: Path, program: str) -> Launch:
    (port,) = free_ports(1)
    return Launch(
        label="one",
        argv=(sys.executable, "-c", program, str(port)),
        folder=folder,
        output=folder / "stdout.txt",
        port=port,
        ready=(f"http://127.0.0.1:{port}/",),
    )


def test_a_whole_tree_is_pinned_and_ends(tmp_path: Path) -> None:
    """Parent and child run on the chosen core; both are gone afterwards, although the child ignores SIGTERM."""
    with running(_launch(tmp_path, STUBBORN), _core()) as child:
        tree = procfs.read_tree(child.pid)
        assert len(tree) == 2
        assert {frozenset(os.sched_getaffinity(stat.pid)) for stat in tree} == {frozenset({_core()})}
    assert [stat for stat in tree if procfs.lives(stat)] == []


def test_a_tree_ends_when_the_block_fails(tmp_path: Path) -> None:
    """An error, or Ctrl-C, within the block ends the program as well."""
    tree: list[procfs.Stat] = []

    def interrupted() -> None:
        with running(_launch(tmp_path, STUBBORN), _core()) as child:
            tree.extend(procfs.read_tree(child.pid))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(tree) == 2
    assert [stat for stat in tree if procfs.lives(stat)] == []


def test_a_program_that_dies_at_start_is_quoted(tmp_path: Path) -> None:
    """Its exit code and last words are in the error."""
    launch = _launch(tmp_path, "import sys; sys.exit('no such option: --frobnicate')")
    with pytest.raises(BenchError, match=r"ended with 1(.|\n)*--frobnicate"), running(launch, _core()):
        pass


def test_a_missing_program_says_how_to_get_it() -> None:
    """The advice stands in the error."""
    with pytest.raises(MissingProgramError, match="ask a friend"):
        find_program("no-such-program-anywhere", "ask a friend")


def test_a_version_is_the_word_after_the_marker() -> None:
    """What programs print around their version is left out; a text without one gives a question mark."""
    argv = (sys.executable, "-c", "print('HAProxy version 2.6.12 2026/10/17')")
    assert version_after(argv, "version ") == "2.6.12"
    assert version_after(argv, "nginx/") == "?"
    assert version_after(argv, "") == "HAProxy"
