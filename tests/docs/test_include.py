"""docs/include.md is played: its files are saved, and its commands say what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "include.md").read_text(encoding="utf-8")
BLOCKS = re.compile(
    r"```(?P<kind>yaml\n# (?P<name>[\w./]+)|console\n\$ banyan (?P<command>[^\n]*)\n)(?P<text>.*?)```\n", re.DOTALL
)


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    """Each file is saved under the name in its first line; each command, given there, says what stands below it."""
    said = []
    for block in BLOCKS.finditer(PAGE):
        if block["name"]:
            (tmp_path / block["name"]).parent.mkdir(exist_ok=True)
            (tmp_path / block["name"]).write_text(f"#{block['text']}")
        else:
            said.append((block["text"], _banyan(tmp_path, block["command"])))

    assert len(said) == 2
    for shown, found in said:
        assert found == shown


def _banyan(folder: Path, command: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "proxy", *command.split()],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr
