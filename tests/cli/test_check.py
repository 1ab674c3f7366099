from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from hashlib import sha256
from pathlib import Path

import pytest

from tests.cli.conftest import ROUTES, Banyan

WRONG = ROUTES.replace("split: 10%", "split: 250%").replace("stage: legacy", "stage: lagacy")


def test_a_good_file_is_summed_up(banyan: Banyan) -> None:
    """`check` says what the file holds: routes by stage, upstreams, warnings, revision."""
    result = banyan("check routes.yaml")

    assert result.exit_code == 0
    remark, other, line = result.stdout.splitlines(keepends=True)
    assert remark.startswith("routes.yaml:13:5: routes[0]: nobody declared the GETs of orders.show: ")
    assert other.startswith("routes.yaml:15:12: routes[0].stage: new answers orders.show: while it is down, ")
    assert remark.endswith(" (a remark)\n")
    assert line == (
        "routes.yaml: fine: 5 routes (canary 1, complete 1, retired 1, legacy 1, answered here 1),"
        " 2 upstreams (legacy, new), no warnings;"
        f" revision {sha256(ROUTES.encode()).hexdigest()[:12]}\n"
    )


def test_a_remark_is_no_warning(banyan: Banyan) -> None:
    """`--strict` takes a file of which there is something to know and nothing to mend; JSON has the remark."""
    result = banyan("check routes.yaml --strict --json")
    (found,) = json.loads(result.stdout)["files"]

    assert result.exit_code == 0
    assert (found["warnings"], len(found["remarks"])) == ([], 2)


def test_the_file_need_not_be_named(banyan: Banyan) -> None:
    """`check` alone reads routes.yaml."""
    assert banyan("check", "--json").stdout == banyan("check routes.yaml --json").stdout


def test_all_problems_are_listed(banyan: Banyan, folder: Path) -> None:
    """A wrong file is answered with 2 and every problem, each on the line and column where it stands."""
    (folder / "wrong.yaml").write_text(WRONG, encoding="utf-8")
    result = banyan("check wrong.yaml")

    assert result.exit_code == 2
    first, second, last = result.stdout.splitlines()
    assert first.startswith("wrong.yaml:16:12: routes[0].split: ")
    assert second.startswith("wrong.yaml:30:12: routes[4].stage: ")
    assert last == "wrong.yaml: 2 problems; nothing of this file would be loaded"


def test_a_terminal_gets_its_lines_folded(folder: Path) -> None:
    """At its width, with lines of the file as they stand there; in a pipe each finding is one line."""
    (folder / "wrong.yaml").write_text(WRONG, encoding="utf-8")
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 60, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    command = [sys.executable, "-P", "-m", "proxy", "check", "routes.yaml", "wrong.yaml"]
    run = subprocess.run(command, stdout=inner, env=environment, check=False)
    os.close(inner)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", os.read(outer, 65536).decode()).splitlines()
    os.close(outer)

    assert run.returncode == 2
    assert max(map(len, lines)) <= 60
    assert "   16 │     split: 250%" in lines


def test_one_wrong_file_is_enough(banyan: Banyan, folder: Path) -> None:
    """Of several files each gets its line, and the worst decides the exit code."""
    (folder / "wrong.yaml").write_text(WRONG, encoding="utf-8")
    result = banyan("check", "wrong.yaml", "routes.yaml", "missing.yaml")

    assert result.exit_code == 2
    assert "routes.yaml: fine" in result.stdout
    assert "missing.yaml:1:1: " in result.stdout


def test_scripts_get_json(banyan: Banyan, folder: Path) -> None:
    """With --json each file is an object that holds its problems, or its contents."""
    (folder / "wrong.yaml").write_text(WRONG, encoding="utf-8")
    wrong, good = json.loads(banyan("check", "wrong.yaml", "routes.yaml", "--json").stdout)["files"]

    assert [(each["line"], each["column"], each["where"]) for each in wrong["problems"]] == [
        (16, 12, "routes[0].split"),
        (30, 12, "routes[4].stage"),
    ]
    assert (wrong["ok"], wrong["revision"]) == (False, None)
    assert (good["ok"], good["upstreams"], good["problems"]) == (True, ["legacy", "new"], [])
    assert good["stages"] == {"canary": 1, "complete": 1, "retired": 1, "legacy": 1}


def test_the_environment_counts(banyan: Banyan, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`${NAME}` is what the environment says, as it would be for `serve`."""
    (folder / "routes.yaml").write_text(ROUTES.replace("127.0.0.1:8080", "${LISTEN}"), encoding="utf-8")
    monkeypatch.delenv("LISTEN", raising=False)
    assert banyan("check").exit_code == 2

    monkeypatch.setenv("LISTEN", "127.0.0.1:8081")
    assert banyan("check").exit_code == 0
