"""Each README's other blocks: what it quotes of its configuration, and the commands with which it begins."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.examples.conftest import ROOT

QUOTED = {"accounts": 2, "crm": 3, "insurance": 2, "payid": 4, "todock": 3}
"""How many pieces of configuration each quotes."""
stories = pytest.mark.parametrize("story", QUOTED)


def folder(story: str) -> Path:
    return ROOT / "examples" / story


def readme(story: str) -> str:
    return (folder(story) / "README.md").read_text(encoding="utf-8")


def blocks(story: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", readme(story), re.DOTALL | re.MULTILINE)


@stories
def test_what_is_quoted_stands_in_a_file(story: str) -> None:
    """Line for line."""
    text = "".join(file.read_text(encoding="utf-8") for file in sorted(folder(story).glob("*.yaml")))

    assert len(blocks(story, "yaml")) == QUOTED[story]
    assert [block for block in blocks(story, "yaml") if block not in text] == []


@stories
def test_the_commands_are_ones_that_it_takes(story: str) -> None:
    """Each line of the first block, without what is said behind it."""
    first, *_ = blocks(story, "")
    words = [line.partition("#")[0].split() for line in first.splitlines()]
    read = import_module(f"examples.{story}.__main__").read_arguments

    assert [line[:3] for line in words] == [["banyan", "example", story]] * 3
    assert [vars(read(line[3:])) for line in words] == [
        {"phase": 3, "fast": True, "keep": False},
        {"phase": 1, "fast": False, "keep": False},
        {"phase": 3, "fast": False, "keep": True},
    ]


@stories
def test_its_links_lead_somewhere(story: str) -> None:
    """To files of the example, which the wheel carries as well."""
    links = re.findall(r"\]\(([^)]+)\)", readme(story))

    assert [link for link in links if not (folder(story) / link).is_file()] == []
    assert len(links) > 5
