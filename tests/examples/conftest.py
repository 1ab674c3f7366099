"""The story, played once."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from examples.stage.record import VARIABLE, Figure, read_record

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Played:
    """How a command left, and what it said; of a story, the names of its figures."""

    code: int
    text: str
    complaint: str
    figures: tuple[str, ...] = ()


def banyan(*words: str, **variables: str) -> Played:
    """The command, in the folder of the checkout, with these in its environment."""
    command = [sys.executable, "-m", "proxy", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return Played(ran.returncode, ran.stdout, ran.stderr)


def story(name: str) -> Played:
    """`banyan example NAME --fast`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record"
        played = banyan("example", name, "--fast", **{VARIABLE: str(path)})
        return replace(played, figures=tuple(each.name for each in read_record(path) if isinstance(each, Figure)))


@pytest.fixture(scope="session")
def accounts() -> Played:
    return story("accounts")


@pytest.fixture(scope="session")
def insurance() -> Played:
    return story("insurance")


@pytest.fixture(scope="session")
def crm() -> Played:
    return story("crm")


@pytest.fixture(scope="session")
def todock() -> Played:
    return story("todock")
