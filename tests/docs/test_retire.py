"""docs/retire.md: its commands are played."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.test_first_route import says_as_shown
from tests.docs.walkthrough import ROOT, play, steady

TEXT = (ROOT / "docs" / "retire.md").read_text(encoding="utf-8")
_IDS = re.compile(r"'[0-9a-f]{8}'|\bby \S+: |\bby \S+@\S+|less than a second|\d+ (?:seconds?|minutes?)")


def without_names(said: str) -> str:
    """What another day, host or user calls otherwise."""
    return steady(_IDS.sub("ID", said))


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    """Played as it stands, with a legacy behind it."""
    for step, said in play(TEXT, tmp_path, says_as_shown):
        assert (step.command, without_names(said)) == (step.command, without_names(step.shown))
