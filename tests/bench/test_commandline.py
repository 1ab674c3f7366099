"""The command line's own decisions; nothing is started here but `--help`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli import choose_peers
from bench.errors import BenchError
from bench.machine import choose_cores, free_ports

ROOT = Path(__file__).parent.parent.parent


def test_peers_are_chosen_in_the_order_of_the_harness() -> None:
    """`--only` is a set: spaces and order do not matter."""
    assert [peer.name for peer in choose_peers(" nginx ,banyan")] == ["banyan", "nginx"]


@pytest.mark.parametrize("names", ["nginx,apache", "", " , "])
def test_an_unknown_peer_is_named_with_those_that_exist(names: str) -> None:
    """A name that is no proxy of ours, or no name at all, is answered with the list."""
    with pytest.raises(BenchError, match="haproxy"):
        choose_peers(names)


@pytest.mark.parametrize("text", ["0", "0,0", "a,b", "0,9999"])
def test_two_different_cores_are_needed(text: str) -> None:
    """One core, the same core twice, words, and a core that is not there are refused."""
    with pytest.raises(BenchError, match="core"):
        choose_cores(text)


def test_free_ports_differ() -> None:
    """Ports that are handed out together are all different."""
    assert len(set(free_ports(20))) == 20


def test_help_names_every_suite() -> None:
    """`python -m bench --help` teaches what can be measured."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120"},
        check=True,
    )
    missing = [
        word for word in ("peers", "routes", "body", "stream", "idle", "all", "profile") if word not in done.stdout
    ]
    assert missing == []
