"""docs/upstream-auth.md: one caller, and two systems that each want another credential of Banyan."""

from __future__ import annotations

from pathlib import Path

from tests.docs.test_first_route import says_as_shown
from tests.docs.walkthrough import ROOT, play, steady

TEXT = (ROOT / "docs" / "upstream-auth.md").read_text(encoding="utf-8")


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    """Played as it stands, with a provider of tokens and both systems."""
    for step, said in play(TEXT, tmp_path, says_as_shown):
        assert (step.command, steady(said)) == (step.command, steady(step.shown))
