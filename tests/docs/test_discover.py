"""docs/discover.md, played: its log and its routes.yaml, each command with what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.docs.walkthrough import Given, play, steady

PAGE = (Path(__file__).parents[2] / "docs" / "discover.md").read_text(encoding="utf-8")


def wanted(step: Given) -> Callable[[str], bool]:
    """Of a running Banyan: once it has learned of the last request."""
    return lambda said: step.command != "banyan discover" or "/invoices/{date}" in said


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    """But for days and counts of what is called while it is played."""
    for step, said in play(PAGE, tmp_path, wanted):
        assert (step.command, steady(said)) == (step.command, steady(step.shown))
