"""Whatever file or folder a page names is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
HISTORY = {"changelog.md", "holds.md"}
"""They tell of what was: a path in them may have gone since."""
NAMED = re.compile(r"`((?:[a-z_][\w.-]*/)+(?:[\w-]+\.(?:py|sql|yaml|md|txt))?)`")
STEPS = re.compile(r"^(\d+)\. \*\*", re.MULTILINE)
LIVES = ("life-of-a-pair.md", "life-of-a-move.md", "life-of-a-request.md")


def named(text: str) -> Iterator[str]:
    """Paths in backticks with a folder in them; those of the product may leave `proxy/` out."""
    for path in NAMED.findall(text):
        if (ROOT / path.split("/")[0]).exists() or (ROOT / "proxy" / path.split("/")[0]).exists():
            yield path


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in HISTORY], ids=lambda page: page.name)
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    """A path in a document leads to a file or folder of this tree."""
    paths = set(named(page.read_text(encoding="utf-8")))

    assert [path for path in sorted(paths) if not ((ROOT / path).exists() or (ROOT / "proxy" / path).exists())] == []


@pytest.mark.parametrize("name", LIVES)
def test_a_life_is_told_in_numbered_steps_each_with_its_file(name: str) -> None:
    """A journey's steps are numbered in order, and the paths that they name are seen by the test above."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    steps = [int(number) for number in STEPS.findall(text)]

    assert steps == list(range(1, len(steps) + 1))
    assert len(set(named(text))) >= len(steps)


def test_a_path_is_told_from_other_words() -> None:
    """A file of the product, one below tests and a folder are paths; a URL's path and a media type are none."""
    text = "`edge/wire/upload.py`, `tests/edge/`, `/api/kill`, `text/html`, `application/json`, `core/gone.py`"

    assert list(named(text)) == ["edge/wire/upload.py", "tests/edge/", "core/gone.py"]
