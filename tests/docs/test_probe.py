"""docs/probe.md, played: its routes.yaml, a server, each command with what it says; its rows are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from proxy.core.reachability.finding import ProbeRow
from tests.docs.walkthrough import play, steady

PAGE = (Path(__file__).parents[2] / "docs" / "probe.md").read_text(encoding="utf-8")


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    """But for milliseconds, which are others in each run."""
    for step, said in play(PAGE, tmp_path, lambda _: lambda _: True):
        assert (step.command, steady(said)) == (step.command, steady(step.shown))


def test_every_row_is_on_the_page() -> None:
    """In the order in which they are asked."""
    assert re.findall(r"^\| `([a-z_]+)` \| [^|]+ \| [^|]* \|$", PAGE, re.MULTILINE) == list(ProbeRow)
