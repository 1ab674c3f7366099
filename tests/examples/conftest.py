"""The story, played once."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Played:
    """How a command left, and what it said."""

    code: int
    text: str
    complaint: str


def banyan(*words: str, **variables: str) -> Played:
    """The command, in the folder of the checkout, with these in its environment."""
    command = [sys.executable, "-m", "proxy", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return Played(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="session")
def accounts() -> Played:
    return banyan("example", "accounts", "--fast")


@pytest.fixture(scope="session")
def insurance() -> Played:
    return banyan("example", "insurance", "--fast")


@pytest.fixture(scope="session")
def crm() -> Played:
    return banyan("example", "crm", "--fast")


@pytest.fixture(scope="session")
def payid() -> Played:
    return banyan("example", "payid", "--fast")


@pytest.fixture(scope="session")
def todock() -> Played:
    return banyan("example", "todock", "--fast")
