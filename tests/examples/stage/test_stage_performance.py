"""How a story is left: by whoever does not listen any more, by who will not wait, and what one finds who stays."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

from examples.stage.performance import write_environment
from tests.examples.conftest import ROOT
from tests.waiting import blocking_until

TALKS = """
import sys
from examples.stage.performance import perform
from examples.stage.telling import Telling

async def play(parts, folder):
    tell = Telling()
    print(folder, file=sys.stderr, flush=True)
    while True:
        tell("a line")

sys.exit(perform("none", lambda: None, play))
"""
DRAINS = """
import asyncio, sys
from examples.stage.children import Children
from examples.stage.performance import perform

SERVICE = (
    "import signal, time; signal.signal(signal.SIGTERM, lambda *_: print('drains', flush=True)); "
    "print('here', flush=True); [time.sleep(600) for _ in range(9)]"
)

async def play(parts, folder):
    with Children(folder) as children:
        child = children.start("service", [sys.executable, "-c", SERVICE])
        await children.until_said(child, "here")
        print(child.process.pid, child.log, flush=True)
        await asyncio.sleep(600)

sys.exit(perform("none", lambda: None, play))
"""


def story(code: str, folder: Path) -> subprocess.Popen[str]:
    """In a folder for its own folder."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], env=env, stdout=pipe, stderr=pipe, text=True)


def test_a_pipe_that_closes_ends_the_story(tmp_path: Path) -> None:
    """As in `banyan example NAME | head -1`: no traceback, nothing is left, and the exit code of a closed pipe."""
    with story(TALKS, tmp_path) as played:
        assert played.stdout
        assert played.stdout.readline() == "a line\n"
        played.stdout.close()
        complaint = played.stderr.read() if played.stderr else ""

    assert (played.returncode, complaint.count("\n")) == (141, 1), complaint
    assert list(tmp_path.iterdir()) == []


def test_a_second_interrupt_ends_all_at_once(tmp_path: Path) -> None:
    """Whoever presses Ctrl-C again while processes drain waits no longer, and leaves none of them behind."""
    with story(DRAINS, tmp_path) as played:
        assert played.stdout
        number, log = played.stdout.readline().split()
        played.send_signal(signal.SIGINT)
        assert blocking_until(lambda: "drains" in Path(log).read_text())
        played.send_signal(signal.SIGINT)

    assert played.returncode == 130
    assert not Path(f"/proc/{number}").exists()
    assert list(tmp_path.iterdir()) == []


def test_whoever_stays_has_what_the_file_refers_to(tmp_path: Path) -> None:
    """By a shell; nobody else reads it, as addresses of stores stand there."""
    file = tmp_path / "environment"
    write_environment(file, {"STORY_STATE": "postgresql://a@/b?host=/tmp/it's", "BANYAN_STATE_DIR": "/tmp/x"})
    words = ["sh", "-c", '. "$0" && printf "%s %s" "$STORY_STATE" "$BANYAN_STATE_DIR"', str(file)]

    assert subprocess.run(words, capture_output=True, text=True, check=True, env={}).stdout == (
        "postgresql://a@/b?host=/tmp/it's /tmp/x"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
