"""`banyan example --all`: stories beside each other, as processes; these are small ones, made for this."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.conftest import ROOT
from tests.waiting import blocking_until

PLAYS = """\
import sys
from examples.stage.children import Children, StoryError
from examples.stage.parts import MissingPartError
from examples.stage.performance import perform
from examples.stage.telling import Telling

def find():
    {find}

async def play(parts, folder):
    tell = Telling()
    tell.chapter("Phase 1: it begins")
    wrong = []
    {body}
    tell.chapter("Figures")
    tell.figure("arguments", " ".join(sys.argv[1:]))
    tell.verdict(wrong, "nobody noticed.")
    return wrong

sys.exit(perform("small", find, play))
"""
WAITS = """\
import asyncio, os
    with Children(folder) as children:
        child = children.python("sleeper", "timeit", "-s", "import time", "-n", "1", "-r", "1", "time.sleep(600)")
        tell.chapter(f"started {os.getpid()} {child.process.pid}")
        await asyncio.sleep(600)"""


def a_story(place: Path, name: str, body: str = "pass", find: str = "pass", package: str = "") -> None:
    folder = place / "examples" / name
    folder.mkdir()
    (folder / "routes.yaml").touch()
    (folder / "README.md").write_text("# A small one\n", encoding="utf-8")
    (folder / "__init__.py").write_text(package, encoding="utf-8")
    (folder / "__main__.py").write_text(PLAYS.format(find=find, body=body), encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A checkout with no story yet."""
    folder = tmp_path / "examples"
    folder.mkdir()
    (folder / "__init__.py").touch()
    for part in ("stage", "together"):
        (folder / part).symlink_to(ROOT / "examples" / part)
    return tmp_path


def started(place: Path, *words: str) -> subprocess.Popen[str]:
    """`banyan example --all`, where this is the checkout; what it makes goes to a folder of this test."""
    temporary = place / "tmp"
    temporary.mkdir()
    code = (
        "from pathlib import Path; from proxy.cli import example, main; "
        f"example.CHECKOUT = Path({str(place)!r}); main.main()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, "example", "--all", *words],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_one_that_fails_or_lacks_a_part_stops_no_other(place: Path) -> None:
    """Each has its ending in the table, all get the arguments, and what they said is kept for whoever looks."""
    a_story(place, "apart", find='raise MissingPartError("No such part.", "apt-get install it")')
    a_story(place, "broken", body='raise StoryError("the store did not come up")')
    a_story(place, "crashed", body='raise KeyError("port")')
    a_story(place, "differs", body='wrong.append("7 rows differ")')
    a_story(place, "even")
    said, progress = (run := started(place, "--fast", "--json")).communicate()
    found = {story["name"]: (story["verdict"], *story["words"]) for story in json.loads(said)["stories"]}
    (kept,) = re.findall(r"^What each of them said: (.*)/\*\.log$", progress, re.MULTILINE)

    assert run.returncode == 1
    assert found == {
        "apart": ("lacks a part", "No such part.", "Bring it: apt-get install it"),
        "broken": ("stopped", "the store did not come up"),
        "crashed": ("stopped", "KeyError: 'port'"),
        "differs": ("failed", "7 rows differ"),
        "even": ("held", "nobody noticed."),
    }
    assert json.loads(said)["stories"][4]["figures"] == {"arguments": "--fast"}
    assert "Phase 1: it begins" in (Path(kept) / "even.log").read_text(encoding="utf-8")
    assert re.search(r"^ +\d+ s  differs    failed: 7 rows differ$", progress, re.MULTILINE)


def test_what_measures_ratios_is_played_alone(place: Path) -> None:
    """It begins first and ends before any other begins; of the others so many run as may, and nothing is left."""
    a_story(place, "a")
    a_story(place, "b")
    a_story(place, "c", package="ALONE = True\n")
    said, progress = (run := started(place, "--at-once", "1")).communicate()
    events = re.findall(r"^ *\d+ s  ([abc]) +(begins|held)$", progress, re.MULTILINE)

    assert run.returncode == 0, progress
    assert events == [(story, event) for story in "cab" for event in ("begins", "held")]
    assert [line.split()[0] for line in said.splitlines() if re.match("[abc] ", line)] == ["a", "b", "c"]
    assert list((place / "tmp").iterdir()) == []


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_ends_it_ends_all_processes(place: Path, sent: signal.Signals, code: int) -> None:
    """Stories, and what they have started; its folder is gone."""
    for name in ("a", "b"):
        a_story(place, name, body=WAITS)
    run = started(place, "--at-once", "2")
    assert run.stderr
    pids: list[int] = []
    while len(pids) < 4:
        line = run.stderr.readline()
        assert line, "it ended by itself"
        pids += map(int, re.findall(r"started (\d+) (\d+)", line)[0]) if "started" in line else ()
    run.send_signal(sent)
    said, _ = run.communicate()

    assert (run.returncode, said) == (code, "")
    assert blocking_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert list((place / "tmp").iterdir()) == []


def test_wrong_usage_is_told(place: Path) -> None:
    """None at once is no number of stories."""
    a_story(place, "a")
    _, complaint = (run := started(place, "--at-once", "0")).communicate()

    assert run.returncode == 2
    assert complaint.endswith("error: --at-once: one at least\n")
