"""What is looked at before serving, and that each finding says what to change."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from itertools import chain, count, repeat

import pytest

from proxy.app.selfcheck import cautions, check_files, check_memory, check_steady, check_year, prepare, state_kept
from proxy.core.build import Build
from proxy.core.routing.snapshot import Limits

MIB = 1 << 20


def test_this_machine_may_serve() -> None:
    """The parser is strict, the clock runs, and there are files enough; the soft limit is the hard one afterwards."""
    assert list(prepare()) == []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard


@pytest.mark.parametrize(
    ("times", "complaints"),
    [(count(), 0), (chain([1.0, 1.0], repeat(2.0)), 0), (repeat(1.0), 1), (chain([2.0], repeat(1.0)), 1)],
    ids=["runs", "coarse", "stands still", "goes back"],
)
def test_the_steady_clock_has_to_advance(times: Iterator[float], complaints: int) -> None:
    """A clock that stands still would never end a timeout; a coarse one does."""
    assert len(list(check_steady(lambda: next(times)))) == complaints


def test_a_year_before_the_build_is_wrong() -> None:
    """A date from before this version was made can only be wrong; its cure is named."""
    assert list(check_year(2100)) == []
    assert "NTP" in next(check_year(1970))


def test_files_are_held_against_connections() -> None:
    """A client and the upstream's connection that answers it take a file each; both cures are named."""
    assert list(check_files(Limits(connections=100), 1024)) == []
    assert list(check_files(Limits(), resource.RLIM_INFINITY)) == []

    (caution,) = check_files(Limits(connections=1000), 1024)
    assert "need 2256 open files" in caution
    assert "connections: 384" in caution
    assert list(check_files(Limits(connections=384), 1024)) == []


@pytest.mark.parametrize(
    ("memory", "workers", "group", "said"),
    [
        (512 * MIB, 2, 2048 * MIB, ""),
        (512 * MIB, 2, 0, ""),
        (0, 2, 64 * MIB, ""),
        (-1, 2, 0, ""),
        (-1, 2, 1024 * MIB, ""),
        (512 * MIB, 2, 768 * MIB, "at most 384MiB"),
        (-1, 4, 256 * MIB, "fewer workers"),
        (48 * MIB, 1, 0, "fewer workers"),
    ],
    ids=["fits", "no group", "off", "auto without a group", "auto", "more than there is", "auto is little", "little"],
)
def test_memory_is_held_against_the_control_group(memory: int, workers: int, group: int, said: str) -> None:
    """All workers together must fit into what is allowed, and each must have room to live."""
    found = " ".join(check_memory(Limits(memory=memory), workers, group, 50 * MIB))

    assert bool(found) == bool(said)
    assert said in found


def test_cautions_are_about_this_machine() -> None:
    """With next to no clients and no ceiling there is nothing to warn of here."""
    assert list(cautions(Limits(connections=1, memory=0), 1, Build.COMPILED)) == []


def test_a_store_in_memory_says_what_a_restart_costs() -> None:
    """And which line of the file keeps it; of an address nothing but its kind is said."""
    memory, embedded, server = map(state_kept, ("memory", "embedded", "postgresql://banyan:secret@db/banyan"))

    assert memory["state"] == "memory"
    assert "loses all evidence" in memory["hint"]
    assert "`state: embedded`" in memory["hint"]
    assert (embedded, server) == ({"state": "embedded"}, {"state": "postgresql"})


def test_an_interpreted_build_is_a_caution() -> None:
    """A checkout's always, and a wheel's that found no compiler: it serves, at the price that it names."""
    (said,) = cautions(Limits(connections=1, memory=0), 1)

    assert said.startswith("this build is interpreted")
