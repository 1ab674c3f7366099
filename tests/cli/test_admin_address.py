"""Which admin address a command asks, where it is named and where its file says it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Banyan


@pytest.mark.parametrize(
    "said",
    [
        "127.0.0.1:99999",
        "http://[::1",
        "ftp://127.0.0.1:9090",
        "http://me:secret@127.0.0.1:9090",
        "http://127.0.0.1:9090/api",
        "http://127.0.0.1:9090\r\nX: y",
        "http://..x:1",
        "",
    ],
)
def test_what_is_no_admin_address_is_wrong_usage(banyan: Banyan, said: str) -> None:
    """It is said what one looks like, and nothing of what was said: a password may stand in it."""
    result = banyan("status", "--admin", said or "http://")

    assert result.exit_code == 2
    assert "--admin takes HOST:PORT" in result.stderr
    assert "secret" not in result.output


def test_a_pipe_in_place_of_the_file_holds_nobody_up(banyan: Banyan, tmp_path: Path) -> None:
    """It is no routes.yaml, which is said at once."""
    os.mkfifo(tmp_path / "pipe.yaml")
    result = banyan("status", "--config", str(tmp_path / "pipe.yaml"))

    assert result.exit_code == 2
    assert "regular file" in result.stderr
