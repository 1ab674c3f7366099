"""Banyan knows no story: it finds examples and starts them, whatever they are."""

from __future__ import annotations

import re
from pathlib import Path

from tests.examples.conftest import ROOT

OF_A_STORY = re.compile(
    r"card[ _-]product|account[ _-]service|receivables|ACCOUNTS_|examples?[./ ]accounts|import examples|from examples"
    r"|consumer[ _-](?:app|back)|(?:plan|contract)[ _-]service|plan[ _-]proposal|insur|premium|INSURANCE_"
    r"|crm[ _-]back|\bvaluation|inside[ _-]sales|active[ _-]record|CRM_|examples?[./ ]crm"
    r"|todock|delivery[ _-]server|(?:order|card|invoice|points|history)[ _-]api|member_number|core[ _-]system"
    r"|payid|pay[ _-]id|wallet|card[ _-]processor|examples?[./ ]payid",
    re.IGNORECASE,
)


def knowing(root: Path) -> list[str]:
    """Files that say a word of a story, or import an example."""
    files = sorted(path for path in root.rglob("*") if path.suffix in {".py", ".sql", ".html", ".json"})
    return [str(path.relative_to(root)) for path in files if OF_A_STORY.search(path.read_text(encoding="utf-8"))]


def test_nothing_in_banyan_knows_a_story() -> None:
    """No word of it stands in any file of the package, and no example is imported."""
    assert knowing(ROOT / "proxy") == []


def test_a_file_that_knows_it_is_found(tmp_path: Path) -> None:
    """An import and a name are."""
    (tmp_path / "a.py").write_text("from examples.accounts.stage import parts\n")
    (tmp_path / "b.py").write_text('"""Waits for the account service."""\n')
    (tmp_path / "d.py").write_text('"""As the contract service has it."""\n')
    (tmp_path / "e.py").write_text('"""Where the delivery server was."""\n')
    (tmp_path / "c.py").write_text('"""Accounts in general."""\n')
    (tmp_path / "f.py").write_text('"""Until the CRM back end is ready."""\n')

    assert knowing(tmp_path) == ["a.py", "b.py", "d.py", "e.py", "f.py"]
