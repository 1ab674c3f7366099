"""Each story in one table of the same form: problem in the article's words, what Banyan does, command, figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.together.stories import stories
from examples.together.table import WIDTH
from tests.examples.conftest import ROOT
from tests.examples.told import table_of_all

HEADS = ["problem, in the article's words", "what Banyan does", "command", "figure"]
STORIES = [story.name for story in stories()]
QUOTED = re.compile(r"「(?P<words>[^」]{4,})」 \([^()]+\)")
SHORT = 40
"""So many characters of an article are a few words."""


def rows(path: Path) -> Iterator[list[str]]:
    """Of the table that has these heads: its cells."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [at for at, line in enumerate(lines) if line.endswith(f"| {' | '.join(HEADS)} |")]
    assert len(found) == 1, path
    for line in lines[found[0] + 2 :]:
        if not line.startswith("| "):
            return
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def readme(story: str) -> Path:
    return ROOT / "examples" / story / "README.md"


@pytest.mark.parametrize("story", STORIES)
def test_each_row_is_what_the_readme_tells_at_length(story: str) -> None:
    """A few words of the article with what they mean, a command, and a figure: both stand in the README's own text."""
    text = readme(story).read_text(encoding="utf-8")
    told = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    found = list(rows(readme(story)))

    assert len(found) >= 3
    for problem, does, command, figure in found:
        quoted = QUOTED.fullmatch(problem)
        assert quoted, problem
        assert len(quoted["words"]) <= SHORT
        assert does
        assert command.strip("`") in told, command
        assert figure.strip("`") in "".join(shown(text)), figure
        assert re.search(r"\d", figure), figure


def shown(text: str) -> list[str]:
    """What the story prints, as the README shows it; a test of the story holds it to that."""
    return re.findall(r"^```(?:text|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_they_stand_beside_each_other() -> None:
    """The first row of each, by name, with a link to its README; none is missing."""
    assert list(rows(ROOT / "examples" / "README.md")) == [
        [f"[{story}]({story}/README.md)", *next(rows(readme(story)))] for story in STORIES
    ]


def test_the_readme_shows_what_became_of_all() -> None:
    """A row for each story, all of which held, within 100 columns; under the table how long they took."""
    heads, *lines, _, last = table_of_all()
    took = re.fullmatch(r"(\d+) stories in (\d+) s, \d+ s of CPU: (\d+) held\.", last)

    assert heads.split() == ["story", "verdict", "took", "figure", "value"]
    assert [line.split()[:2] for line in lines if not line.startswith(" ")] == [[story, "held"] for story in STORIES]
    assert max(map(len, lines)) <= WIDTH
    assert took
    assert (took[1], took[3]) == (str(len(STORIES)), str(len(STORIES)))
