from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from proxy.cli import serve
from proxy.cli.status import status
from tests.cli.conftest import ROUTES, Banyan
from tests.e2e.program import free_port


def as_module(example: str) -> list[str]:
    """The example of a help as a command of this Python."""
    return [sys.executable, "-m", "proxy", *shlex.split(example)[1:]]


def test_the_examples_of_serve_and_status_work_together(folder: Path) -> None:
    """What the help of `serve` shows starts a Banyan that the example of `status` finds, and SIGTERM ends it with 0."""
    text = ROUTES.replace("127.0.0.1:8080", f"127.0.0.1:{free_port()}").replace(
        "127.0.0.1:9090", f"127.0.0.1:{free_port()}"
    )
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    with subprocess.Popen(as_module(serve.LESSON.example), stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while True:
            told = subprocess.run(as_module(status.LESSON.example), capture_output=True, text=True, check=False)
            if told.returncode == 0 or process.poll() is not None or time.monotonic() > deadline:
                break
        process.send_signal(signal.SIGTERM)

    assert (told.returncode, told.stderr) == (0, "")
    assert "orders.show" in told.stdout
    assert process.returncode == 0


def test_a_file_with_problems_is_not_served(folder: Path) -> None:
    """`serve` with a wrong file leaves with 2 and the very lines that `check` prints."""
    (folder / "routes.yaml").write_text(ROUTES.replace("10%", "250%"), encoding="utf-8")
    served = subprocess.run(as_module("banyan serve"), capture_output=True, text=True, check=False)
    checked = subprocess.run(as_module("banyan check"), capture_output=True, text=True, check=False)

    assert (served.returncode, checked.returncode) == (2, 2)
    assert served.stderr.splitlines()[0] == checked.stdout.splitlines()[0]


def test_an_option_that_is_not_there_is_wrong_usage(banyan: Banyan) -> None:
    """A mistyped option leaves with 2 before anything is started."""
    assert banyan("serve --confg routes.yaml").exit_code == 2


@pytest.mark.parametrize("named", ["other.yaml", "--config other.yaml", "-c other.yaml other.yaml"])
def test_serve_and_check_take_a_file_in_the_same_way(folder: Path, named: str) -> None:
    """As an argument or by --config: both read that very file, and find the same in it."""
    (folder / "other.yaml").write_text(ROUTES.replace("10%", "250%"), encoding="utf-8")
    served, checked = (
        subprocess.run(as_module(f"banyan {command} {named}"), capture_output=True, text=True, check=False)
        for command in ("serve", "check")
    )

    assert (served.returncode, checked.returncode) == (2, 2)
    assert served.stderr.startswith("other.yaml:")
    assert served.stderr.splitlines()[0] == checked.stdout.splitlines()[0]
    assert checked.stdout.count("nothing of this file would be loaded") == 1


def test_two_files_are_not_served(banyan: Banyan) -> None:
    """Which of them is meant is not guessed."""
    result = banyan("serve one.yaml --config two.yaml")

    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        2,
        "banyan: one.yaml and --config two.yaml are two files.",
    )
