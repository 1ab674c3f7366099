"""The README's other blocks: what it quotes of routes.yaml, and the commands with which it begins."""

from __future__ import annotations

import re

from examples.accounts.__main__ import read_arguments
from tests.examples.conftest import ROOT

FOLDER = ROOT / "examples" / "accounts"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_what_is_quoted_stands_in_the_file() -> None:
    """Line for line."""
    text = (FOLDER / "routes.yaml").read_text(encoding="utf-8")

    assert len(blocks("yaml")) == 2
    assert [block for block in blocks("yaml") if block not in text] == []


def test_the_commands_are_ones_that_it_takes() -> None:
    """Each line of the first block, without what is said behind it."""
    first, *_ = blocks("")
    words = [line.partition("#")[0].split() for line in first.splitlines()]

    assert [line[:3] for line in words] == [["banyan", "example", "accounts"]] * 3
    assert [vars(read_arguments(line[3:])) for line in words] == [
        {"phase": 3, "fast": True, "keep": False},
        {"phase": 1, "fast": False, "keep": False},
        {"phase": 3, "fast": False, "keep": True},
    ]


def test_its_links_lead_somewhere() -> None:
    """To files of the example, which the wheel carries as well."""
    links = re.findall(r"\]\(([^)]+)\)", README)

    assert [link for link in links if not (FOLDER / link).is_file()] == []
    assert len(links) > 5
