"""The suite itself: what fails while the machine stands still is played again, and nothing else is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.stalls import STALL, Stalls

ROOT = Path(__file__).parent.parent
SAMPLE = """
from pathlib import Path

import tests.stalls
import tests.test_stalls

def times(name):
    file = Path(__file__).with_name(name)
    with file.open("a") as log:
        log.write("x")
    return file.stat().st_size

def test_stands_still():
    if times("still") == 1:
        tests.test_stalls.stand_still()
        raise AssertionError("the first attempt")

def test_differs():
    tests.stalls.STALL = tests.stalls.STOLEN = float("inf")  # from here on the machine serves, whatever it does
    assert times("differs") == 0
"""


def stand_still() -> None:
    """Nothing of this process runs for a while."""
    this = os.getpid()
    subprocess.run(["sh", "-c", f"kill -STOP {this}; sleep {2 * STALL}; kill -CONT {this}"], check=True)


def explained(stalls: Stalls) -> bool:
    """What a new attempt that failed at once would be told."""
    stalls.begin()
    return stalls.explain(AssertionError())


def test_a_stall_is_seen_until_the_next_attempt() -> None:
    """A process that was stopped knows, for what failed and not for what passed; a new attempt begins without it."""
    stalls = Stalls()
    stand_still()

    assert stalls.explain(AssertionError())
    assert not stalls.explain(None)

    assert not all(explained(stalls) for _ in range(200))  # one of so many finds a machine that serves it


def test_what_a_stall_has_failed_is_played_again_and_what_differs_has_failed(tmp_path: Path) -> None:
    """The one passes at its second attempt and is named in the summary; the other fails, and is played once."""
    (tmp_path / "test_sample.py").write_text(SAMPLE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(tmp_path), "-p", "tests.conftest"]
    played = subprocess.run(
        [*command, "-raR", str(tmp_path)], cwd=ROOT, check=False, capture_output=True, text=True, timeout=120
    )

    assert played.returncode == 1, played.stdout + played.stderr
    assert re.search(r"^FAILED .*::test_differs", played.stdout, re.MULTILINE)
    assert re.search(r"^RERUN .*::test_stands_still", played.stdout, re.MULTILINE), played.stdout
    assert (tmp_path / "still").read_text(encoding="ascii") == "xx"
    assert (tmp_path / "differs").read_text(encoding="ascii") == "x"
    assert "1 failed, 1 passed" in played.stdout
