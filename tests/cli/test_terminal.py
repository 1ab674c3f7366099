from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from proxy.cli.terminal import Ink, is_coloured, painted, this_command


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
