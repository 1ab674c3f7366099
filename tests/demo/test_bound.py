from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.demo.conftest import Marked

BOUND = [sys.executable, "-m", "proxy.demo.bound"]


def test_a_command_ends_with_its_parent(marked: Marked) -> None:
    """When the parent is killed, nothing it could do about it, the kernel ends the command."""
    script = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([*{BOUND!r}, str(os.getpid()), sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], env=marked.environment)
    marked.until(
        lambda found: any("bound" not in each and "(600)" in each for each in found.values()) and len(found) == 2
    )
    assert len(marked.alive()) == 2

    parent.kill()
    parent.wait()
    assert marked.until(lambda found: not found) == {}


def test_a_command_of_another_parent_is_never_started(marked: Marked) -> None:
    """A parent that is not there any more (here: never was) means that nothing is run."""
    run = subprocess.run([*BOUND, str(os.getpid() + 1), "echo", "ran"], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stdout) == (1, "")


def test_the_command_takes_the_process_over() -> None:
    """The command runs as the very process that was started, with its arguments, and its exit code is seen."""
    started = time.monotonic()
    run = subprocess.run(
        [*BOUND, str(os.getpid()), "sh", "-c", "echo $0; exit 7", "a b"], capture_output=True, check=False
    )

    assert (run.returncode, run.stdout) == (7, b"a b\n")
    assert time.monotonic() >= started
