"""docs/idempotency.md: a payment that is retried, one that gets lost, and who decides."""

from __future__ import annotations

from pathlib import Path

from tests.docs.test_first_route import says_as_shown
from tests.docs.walkthrough import ROOT, play, steady

TEXT = (ROOT / "docs" / "idempotency.md").read_text(encoding="utf-8")


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    """Played as it stands, with a real service and a real PostgreSQL."""
    for step, said in play(TEXT, tmp_path, says_as_shown):
        assert (step.command, steady(said)) == (step.command, steady(step.shown))
