"""The suite itself: a `timing` test that fails while the machine stands still is played again, and nothing else is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stalls import STALL, Stalls

ROOT = Path(__file__).parent.parent
SAMPLE = """
from pathlib import Path

import pytest

import tests.conftest
import tests.stalls
import tests.test_stalls

def times(name):
    file = Path(__file__).with_name(name)
    with file.open("a") as log:
        log.write("x")
    return file.stat().st_size

def fails_once_in_a_stall(name):
    if times(name) == 1:
        tests.test_stalls.stand_still(tests.conftest.STALLS)
        raise AssertionError("the first attempt")

@pytest.mark.timing
def test_stands_still():
    fails_once_in_a_stall("still")

def test_reads_no_clock():
    fails_once_in_a_stall("no_clock")

@pytest.mark.timing
@pytest.mark.parametrize("number", range(3))
def test_stands_still_again(number):
    fails_once_in_a_stall(f"again{number}")

@pytest.mark.timing
def test_differs():
    tests.stalls.STALL = tests.stalls.STOLEN = float("inf")  # from here on the machine serves, whatever it does
    assert times("differs") == 0
"""


@pytest.fixture
def stalls() -> Iterator[Stalls]:
    made = Stalls()
    yield made
    made.end()


def stand_still(stalls: Stalls) -> None:
    """Neither this process nor its watch runs for a while."""
    both = f"{os.getpid()} {stalls.watch.pid}"
    subprocess.run(["sh", "-c", f"kill -STOP {both}; sleep {2 * STALL}; kill -CONT {both}"], check=True)


def explained(stalls: Stalls) -> bool:
    """What a new attempt that failed at once would be told."""
    stalls.begin()
    return stalls.explain(AssertionError())


def test_a_stall_is_seen_until_the_next_attempt(stalls: Stalls) -> None:
    """A machine that stood still is known, for what failed and not for what passed; a new attempt begins without it."""
    stand_still(stalls)

    assert stalls.explain(AssertionError())
    assert not stalls.explain(None)

    assert not all(explained(stalls) for _ in range(200))  # one of so many finds a machine that serves it


def test_code_that_holds_the_interpreter_is_no_stall(stalls: Stalls) -> None:
    """The process under test stands still by itself: its watch is served meanwhile, and was never as late as that."""

    def held() -> float:
        stalls.begin()
        this = os.getpid()
        subprocess.run(["sh", "-c", f"kill -STOP {this}; sleep {2 * STALL}; kill -CONT {this}"], check=True)
        return stalls.latest()

    assert min(held() for _ in range(3)) < STALL  # one of three finds a machine that serves the watch


def test_what_a_stall_has_failed_is_played_again_and_what_differs_has_failed(tmp_path: Path) -> None:
    """Of tests that are marked `timing` three are played again and named in the summary; nothing else ever is."""
    (tmp_path / "test_sample.py").write_text(SAMPLE, encoding="utf-8")
    rules = ["-o", "markers=timing", "-p", "tests.conftest", "--max-suite-reruns=3"]
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(tmp_path), *rules]
    played = subprocess.run(
        [*command, "-raR", str(tmp_path)], cwd=ROOT, check=False, capture_output=True, text=True, timeout=120
    )

    assert played.returncode == 1, played.stdout + played.stderr
    for name in ("test_differs", "test_reads_no_clock", r"test_stands_still_again\[2\]"):
        assert re.search(rf"^FAILED .*::{name}", played.stdout, re.MULTILINE), played.stdout
    assert re.search(r"^RERUN .*::test_stands_still$", played.stdout, re.MULTILINE), played.stdout
    assert (tmp_path / "still").read_text(encoding="ascii") == "xx"
    assert (tmp_path / "no_clock").read_text(encoding="ascii") == "x"
    assert (tmp_path / "differs").read_text(encoding="ascii") == "x"
    assert "3 failed, 3 passed, 3 rerun" in played.stdout


def test_no_more_is_played_again_than_the_project_allows() -> None:
    """A run plays three tests again at most."""
    assert '"--max-suite-reruns=3"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
