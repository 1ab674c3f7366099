"""docs/wire-cases.md says what the case files say."""

from __future__ import annotations

import re
from pathlib import Path

from tests.wire.case import CASES
from tests.wire.page import PAGE, render


def test_the_page_is_current() -> None:
    """Nobody has changed a case without writing the page anew (`python -m tests.wire.page`)."""
    page = PAGE.read_text(encoding="utf-8")

    assert page == render(page)


def test_every_case_has_a_verdict_and_a_test() -> None:
    """Each case is either one of bytes, played by its id, or a test's docstring begins with its id."""
    assert [case.id for case in CASES if not case.verdict] == []

    sources = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py")]
    told = {
        name
        for text in sources
        for line in re.findall(r'"""((?:[A-Z]{2}\d\d,? ?)+):', text)
        for name in line.split(", ")
    }
    assert {case.id for case in CASES if not case.data} - told == set()
