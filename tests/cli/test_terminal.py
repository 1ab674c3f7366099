from __future__ import annotations

import json
import os
import pty
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from proxy.cli.terminal import Ink, is_coloured, painted, this_command
from tests.cli.conftest import Banyan
from tests.cli.listening import listening


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """A real terminal, as a stream to write to, in an environment that says nothing about colours."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    outer, inner = pty.openpty()
    with os.fdopen(inner, "w") as stream:
        yield stream
    os.close(outer)


def test_a_terminal_is_coloured(terminal: TextIO) -> None:
    """On a terminal words are painted."""
    assert painted("fine", Ink.GOOD, terminal) == "\x1b[32mfine\x1b[0m"


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_can_be_told_not_to_be(
    terminal: TextIO, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """NO_COLOR and TERM=dumb keep words plain on a terminal."""
    monkeypatch.setenv(variable, value)

    assert painted("fine", Ink.GOOD, terminal) == "fine"


def test_a_file_is_never_coloured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not a terminal gets plain words."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    with (tmp_path / "out").open("w") as stream:
        assert not is_coloured(stream)


@pytest.mark.parametrize(
    ("called", "works_anywhere"),
    [
        ("banyan", "banyan"),
        ("/opt/banyan/bin/banyan", "/opt/banyan/bin/banyan"),
        ("/opt/site/proxy/__main__.py", f"{sys.executable} -m proxy"),
    ],
)
def test_the_command_is_repeated_as_it_was_called(
    monkeypatch: pytest.MonkeyPatch, called: str, works_anywhere: str
) -> None:
    """A hint to copy names Banyan so that any shell finds it."""
    monkeypatch.setattr(sys, "argv", [called])

    assert this_command() == works_anywhere


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("status --json --admin 127.0.0.1:1", 1, "nothing answers at http://127.0.0.1:1"),
        ("status --json --watch", 2, "--watch is for people"),
        ("history --json --admin 127.0.0.1:1", 1, "nothing answers at"),
        ("explain GET /orders/7 --json --config none.yaml", 2, "none.yaml:1:1: the file is not there"),
        ("promote orders.show --json --admin 127.0.0.1:1", 1, "nothing answers at"),
    ],
)
def test_errors_for_scripts_are_one_json_object(banyan: Banyan, command: str, code: int, said: str) -> None:
    """On stderr, with the exit code; what people read in sentences stands in it, a line each."""
    result = banyan(command)
    told = json.loads(result.stderr)

    assert (result.exit_code, result.stdout, set(told), told["exit"]) == (code, "", {"error", "exit"}, code)
    assert said in told["error"]


def test_a_warning_for_scripts_has_the_exit_code_of_what_came_of_it(banyan: Banyan, folder: Path) -> None:
    """Beside a broken file what runs is asked, and answers: exit 0. The next command begins with none."""
    with listening({"/api/history?limit=50": b'{"orders": []}'}) as admin:
        (folder / "routes.yaml").write_text(f"admin: {admin.url.removeprefix('http://')}\n", encoding="utf-8")
        warned, plain = banyan("history --json"), banyan("history")

    assert (warned.exit_code, warned.stdout) == (0, '{"orders": []}\n')
    assert json.loads(warned.stderr)["exit"] == 0
    assert "routes.yaml is broken" in json.loads(warned.stderr)["error"]
    assert plain.stderr.startswith("banyan: routes.yaml is broken")


def test_a_complaint_is_folded(banyan: Banyan) -> None:
    """At a hundred columns, what goes on below where its text begins."""
    lines = banyan(f"status --admin 127.0.0.1:1 --route {'orders/' * 4}").stderr.splitlines()
    long = banyan(f"pin orders acme --to {'nobody ' * 30!r}").stderr.splitlines()

    assert all(len(line) <= 100 for line in (*lines, *long))
    assert long[0].startswith("banyan: --to must be legacy or new, got 'nobody nobody")
    assert all(line.startswith("        ") for line in long[1:])
