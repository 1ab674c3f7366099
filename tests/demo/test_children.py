from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from proxy.demo import children as module
from proxy.demo.children import Child, Children, DemoError
from tests.demo.conftest import Marked
from tests.waiting import blocking_until

STUBBORN = """\
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules that children can run."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(Path.cwd())]))
    return tmp_path


def test_a_folder_called_proxy_is_in_nobodys_way(
    scripts: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a person stands, children import this very package, and not a folder there that has its name."""
    there = tmp_path_factory.mktemp("elsewhere")
    (there / "proxy").mkdir()
    (there / "proxy" / "__init__.py").write_text("raise SystemExit('the wrong package')")
    (scripts / "asking.py").write_text("import proxy; print('version', proxy.__version__)")
    monkeypatch.chdir(there)
    with Children(scripts) as children:
        child = children.start("asking", "asking")
        child.process.wait()

    assert child.log.read_text().startswith("version ")


def until_it_says(log: Path, word: str) -> None:
    assert blocking_until(lambda: word in log.read_text(encoding="utf-8"))


def test_a_dead_child_is_told_with_its_last_words(scripts: Path) -> None:
    """When a child ends by itself, the complaint names it, its exit code and what it said last."""
    (scripts / "failing.py").write_text("raise SystemExit('the disk is full')")
    with Children(scripts) as children:
        child = children.start("legacy", "failing")
        child.process.wait()

        assert children.ended() == ["legacy"]
        children.check("banyan")
        with pytest.raises(DemoError, match="legacy ended with 1: the disk is full"):
            children.check()


def test_leaving_ends_them(scripts: Path) -> None:
    """At the end of the block every child has ended, by SIGTERM."""
    (scripts / "patient.py").write_text("import time; print('up', flush=True); time.sleep(600)")
    with Children(scripts) as children:
        both = [children.start(name, "patient") for name in ("legacy", "new")]
        for child in both:
            until_it_says(child.log, "up")
        assert children.ended() == []

    assert [child.process.returncode for child in both] == [-signal.SIGTERM, -signal.SIGTERM]


def test_an_error_ends_them_too(scripts: Path) -> None:
    """An exception on its way out of the block leaves no child behind."""
    (scripts / "patient.py").write_text("import time; time.sleep(600)")
    started: list[Child] = []

    def fail_with_a_child() -> None:
        with Children(scripts) as children:
            started.append(children.start("legacy", "patient"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_with_a_child()
    assert started[0].process.returncode is not None


def test_who_does_not_leave_is_killed_with_its_own(
    scripts: Path, monkeypatch: pytest.MonkeyPatch, marked: Marked
) -> None:
    """A child that ignores SIGTERM is killed after the grace, and so are the processes it made."""
    monkeypatch.setattr(module, "GRACE", 0.2)
    for name, value in marked.environment.items():
        monkeypatch.setenv(name, value)
    (scripts / "stubborn.py").write_text(STUBBORN)
    with Children(scripts) as children:
        child = children.start("legacy", "stubborn")
        until_it_says(child.log, "up")
        assert len(marked.until(lambda found: len(found) == 2)) == 2

    assert child.process.returncode == -signal.SIGKILL
    assert marked.until(lambda found: not found) == {}


def test_a_child_is_in_a_group_of_its_own(scripts: Path) -> None:
    """Ctrl-C at the terminal reaches the demo alone, which then ends its children in order."""
    (scripts / "patient.py").write_text("import time; time.sleep(600)")
    with Children(scripts) as children:
        child = children.start("legacy", "patient")

        assert os.getpgid(child.process.pid) == child.process.pid
