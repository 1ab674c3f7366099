"""docs/principal.md: two systems are told who calls, a client is not believed, and one side sees somebody else."""

from __future__ import annotations

from pathlib import Path

from proxy.config.load import Loaded, load_text
from tests.docs.test_first_route import says_as_shown
from tests.docs.walkthrough import ROOT, Saved, play, steady, steps

TEXT = (ROOT / "docs" / "principal.md").read_text(encoding="utf-8")


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    """Played as it stands, with a policy that checks tokens, a key, two systems, and one that knows members."""
    for step, said in play(TEXT, tmp_path, says_as_shown):
        assert (step.command, steady(said)) == (step.command, steady(step.shown))


def test_every_other_table_of_the_page_can_be_read(tmp_path: Path) -> None:
    """Without a problem but for files that only the reader has."""
    saved = {step.text for step in steps(TEXT) if isinstance(step, Saved)}
    tables = [each.partition("```")[0] for each in TEXT.split("```yaml\n")[1:]]
    found = [load_text(each, str(tmp_path / "routes.yaml"), {}) for each in tables if each not in saved]

    assert len(found) == len(tables) - 1 == 2
    wrong = [str(problem) for each in found if not isinstance(each, Loaded) for problem in each]
    assert [problem for problem in wrong if "the file is not there" not in problem] == []
