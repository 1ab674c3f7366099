"""What a story says, started as a user starts it, where a library of an extra is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

START = """\
import runpy, sys
sys.modules[{library!r}] = None
runpy.run_module({story!r}, run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("story", "library", "extra"), [("insurance", "botocore", "aws"), ("crm", "google.auth", "google")]
)
def test_a_library_that_is_missing_is_told_with_what_brings_it(story: str, library: str, extra: str) -> None:
    """In two lines and by exit code 2, before anything is started: no module of the story needs it to be imported."""
    code = START.format(library=library, story=f"examples.{story}")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert run.returncode == 2, run.stderr
    assert f"Bring it: pip install 'banyan-proxy[{extra}]'" in run.stderr
    assert len(run.stderr.splitlines()) == 2
