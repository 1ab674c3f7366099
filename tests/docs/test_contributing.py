"""CONTRIBUTING.md tells the truth: what an addition touches, and where twenty things are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.additions.concern import CONCERN
from tests.additions.difference_kind import DIFFERENCE_KIND
from tests.additions.message import MESSAGE
from tests.additions.need import NEED
from tests.additions.predicate import PREDICATE
from tests.structure.changes import COHORT_SOURCE, Change
from tests.structure.questions import DRAWN, pools

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ADDITIONS: dict[str, Change] = {
    "A cohort source": COHORT_SOURCE,
    "A route predicate": PREDICATE,
    "A difference kind": DIFFERENCE_KIND,
    "A ramp need": NEED,
    "A link message": MESSAGE,
    "A concern on the request's way": CONCERN,
}
TOLD_BY_NAMES = 19
"""Of the twenty: those whose file is the first that one looks into."""


class Question(NamedTuple):
    """One row: where one looks first, where it is, and a word that stands there."""

    asked: str
    guess: str
    path: str
    find: str


ROW = re.compile(r"^\| (.+) \| `([^`|]+)` \| `([^`|]+)` \| `([^`|]+)` \|$", re.MULTILINE)
QUESTIONS = [Question(*row) for row in ROW.findall(PAGE)]


@pytest.mark.parametrize("title", ADDITIONS)
def test_an_addition_names_the_files_that_it_touches(title: str) -> None:
    """The numbered list below an addition's heading names the product files that its test changes, and no others.

    Of a file that it adds the folder is named.
    """
    addition = ADDITIONS[title]
    section = PAGE.partition(f"### {title}\n")[2].partition("\n#")[0]
    listed = [found[1] for line in section.splitlines() if (found := re.match(r"\d+\. `(proxy/\S+)`", line))]
    touched = [path if (ROOT / path).exists() else f"{path.rpartition('/')[0]}/" for path in addition.files]

    assert sorted(listed) == sorted(touched)


def test_there_are_twenty_questions() -> None:
    """Five were hard once, fifteen were drawn by chance, and what was drawn can still be asked for."""
    assert len(QUESTIONS) == 5 + len(DRAWN) == 20
    assert set(DRAWN) - {name for pool in pools() for name in pool} == set()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.path)
def test_what_is_asked_for_is_where_the_page_says(question: Question) -> None:
    """The named file is there and has the thing in it; so is the file that one looks into first."""
    assert (ROOT / question.guess).exists()
    assert question.find in (ROOT / question.path).read_text(encoding="utf-8")


def test_names_tell_where_things_are() -> None:
    """For most questions the file that the names suggest is the file."""
    assert sum(question.guess == question.path for question in QUESTIONS) >= TOLD_BY_NAMES
