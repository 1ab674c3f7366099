"""Answers that nobody takes, of whole processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.listening import listening

FULL = Path("/dev/full")
HISTORY = {"/api/history?limit=50": b'{"orders": []}'}


def told(command: str, folder: Path, stdout: int | None) -> tuple[int, str]:
    """The exit code, and what stands on stderr; `stdout` None: it is closed."""
    run = subprocess.run(
        [sys.executable, "-P", "-m", "proxy", *command.split()],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=folder,
        preexec_fn=None if stdout is not None else lambda: os.close(1),
    )
    return run.returncode, run.stderr


@pytest.mark.parametrize(("split", "code"), [("10%", 0), ("250%", 2)])
def test_a_reader_that_goes_changes_no_exit_code(folder: Path, split: str, code: int) -> None:
    """`check | head -1` ends as `check` does, quietly: a file that cannot be used is still told by the code."""
    file = folder / "routes.yaml"
    file.write_text(file.read_text().replace("10%", split))
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert told("check", folder, writer) == (code, "")
    finally:
        os.close(writer)


@pytest.mark.parametrize("command", ["check", "schema", "--help", "explain GET /orders/7 --file-only"])
def test_a_full_disk_is_one_sentence(folder: Path, command: str) -> None:
    """Whatever the command, with what to do, and exit 2."""
    with FULL.open("w") as full:
        code, said = told(command, folder, full.fileno())

    assert (code, said.splitlines()) == (
        2,
        [
            "banyan: the answer cannot be written: No space left on device.",
            "        Make room, or write it elsewhere; what the command had done by then is done.",
        ],
    )


def test_a_full_disk_is_an_object_for_scripts(folder: Path) -> None:
    """As every complaint of a command with --json is."""
    with listening(HISTORY) as admin, FULL.open("w") as full:
        code, said = told(f"history --json --admin {admin.url}", folder, full.fileno())

    assert (code, json.loads(said)["exit"]) == (2, 2)
    assert json.loads(said)["error"].startswith("the answer cannot be written: No space left on device.")


@pytest.mark.parametrize(("command", "code"), [("schema", 0), ("check none.yaml", 2)])
def test_an_output_that_is_closed_is_none(folder: Path, command: str, code: int) -> None:
    """`>&-`: the exit code is all that was asked for."""
    assert told(command, folder, None) == (code, "")
