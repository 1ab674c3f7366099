"""The whole demo as a person starts it: real processes, real traffic, Banyan between."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from proxy.demo.seed import OFFICES
from proxy.demo.state import choose_state
from tests.demo.conftest import Marked, command_of, family_of, left_of

DEMO = [sys.executable, "-m", "proxy", "demo"]
CROWD = 7
"""The demo, both systems, and Banyan's supervisor, control, comparer and worker; PostgreSQL's own come on top."""


def start(marked: Marked, *arguments: str, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen([*DEMO, *arguments], env=marked.environment, text=True, **more)  # type: ignore[call-overload, no-any-return]


def test_the_story_is_played_and_judged(marked: Marked, tmp_path: Path) -> None:
    """`demo --once` moves the route step by step, without a failed request, and leaves with 0 and nothing running."""
    folder = tmp_path / "demo"
    with start(marked, "--once", "--json", "--speed", "2", "--dir", str(folder), stdout=subprocess.PIPE) as process:
        told = json.loads(process.communicate()[0])

    assert (process.returncode, told["wrong"]) == (0, [])
    assert [(step["stage"], step["split"]) for step in told["steps"]] == [
        ("legacy", ""),
        ("shadow", ""),
        *[("canary", split) for split in ("5%", "25%", "50%", "100%")],
    ]
    moved = [step["moved"] for step in told["steps"]]
    assert moved == sorted(moved)
    assert (moved[0], moved[-1]) == (0, OFFICES)
    first, last = told["parity"]
    assert (first["release"], first["worst"]["path"], last["release"]) == ("1.0", "$.total_paid", "1.1")
    assert first["mismatch"] > 0
    assert last["bound"] < first["bound"]
    assert all(step["failures"] == 0 for step in told["steps"])
    assert told["read_back"] > 0
    assert marked.alive() == {}
    assert re.search(
        r"name: customers.show\n.*\n    stage: canary\n    split: 100%\n", (folder / "routes.yaml").read_text()
    )


def test_a_spectator_sees_it_live_and_ends_it(marked: Marked) -> None:
    """On a terminal the table is live, everything stays up with hints what to try, and Ctrl-C ends it all with 0."""
    outer, inner = pty.openpty()
    with start(marked, "--speed", "10", stdin=inner, stdout=inner, stderr=inner, start_new_session=True) as process:
        os.close(inner)
        seen = read_until(outer, "finish   ")
        family = family_of(process.pid)
        assert len(family) >= CROWD, seen
        process.send_signal(signal.SIGINT)
        drain = threading.Thread(target=read_until, args=(outer, "never said"))
        drain.start()
        assert process.wait() == 0
        drain.join()
    os.close(outer)

    assert "[/]" not in seen  # markup that nobody rendered
    assert "edited routes.yaml: line 17, split: 50% → 100%" in seen
    assert "none failed" in seen
    assert re.search(r"parity of customers.show: \d+ compared, \d+ mismatches", seen)
    assert "banyan mismatches" in seen
    assert "$.total_paid legacy" in seen
    assert re.search(r"curl -i http://127\.0\.0\.1:\d+/customers/7", seen)
    assert left_of(family) == set()
    assert marked.until(lambda found: not found) == {}


def read_until(terminal: int, word: str) -> str:
    """What a terminal shows, without its colours and movements, until it holds `word` or is closed."""
    seen = ""
    while word not in seen:
        try:
            seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(terminal, 65536).decode(errors="replace"))
        except OSError:
            break
    return seen


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_whatever_ends_the_demo_ends_its_processes(marked: Marked, number: signal.Signals, code: int) -> None:
    """Asked to leave, or killed in the middle, it leaves no process behind; asked to, no file either."""
    with start(marked, "--once", stdout=subprocess.DEVNULL) as process:
        assert len(marked.until(lambda found: len(found) >= CROWD)) >= CROWD
        family = until_state_is_up(process.pid)
        process.send_signal(number)

    assert process.returncode == code
    assert left_of(family) == set()
    assert marked.until(lambda found: not found) == {}
    assert number is signal.SIGKILL or list(Path(marked.folder).iterdir()) == []


def until_state_is_up(demo: int) -> set[int]:
    """The demo's processes once its PostgreSQL, where one can be had, takes connections."""
    deadline = time.monotonic() + 120.0
    family: set[int] = set()
    while time.monotonic() < deadline:
        family = family_of(demo)
        if choose_state().mode == "memory" or any("checkpointer" in command_of(Path(f"/proc/{p}")) for p in family):
            return family
        time.sleep(0.2)
    raise AssertionError(f"no PostgreSQL among {family}")


def test_a_folder_in_use_is_not_touched(marked: Marked, tmp_path: Path) -> None:
    """A folder that holds something is refused with 2 and stays as it is."""
    (tmp_path / "routes.yaml").write_text("mine")
    with start(marked, "--once", "--dir", str(tmp_path), stderr=subprocess.PIPE) as process:
        said = process.communicate()[1]

    assert process.returncode == 2
    assert "is not an empty folder" in said
    assert [each.name for each in tmp_path.iterdir()] == ["routes.yaml"]


def test_a_taken_port_is_said(marked: Marked) -> None:
    """When Banyan cannot start, the demo says what it said and leaves with 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with start(marked, "--once", "--port", port, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            said = process.communicate()[1]

    assert process.returncode == 1
    assert "banyan ended with 1" in said
    assert marked.until(lambda found: not found) == {}
