"""Blocks of output in a page: `<!-- capture: banyan status -->`, what the command printed, `<!-- /capture -->`.

Rule 1: two outputs are alike when they differ in numbers, ids, moments, lengths of time, blanks, and where a sentence
        is folded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
_BLOCK = re.compile(
    r"<!-- capture: (?P<command>[^\n]+) -->\n\n```text\n(?P<output>.*?)```\n\n<!-- /capture -->", re.DOTALL
)
_FOLDED = re.compile(r"\n {4,}(?=\S)")
_VARIES = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ][0-9:.]+Z?"), "AT"),
    (re.compile(r"\b[0-9a-f]{12}([0-9a-f]{20})?\b"), "ID"),
    (re.compile(r"\bv\d+p?[0-9a-f]*\b"), "TAG"),
    (re.compile(r"\S+@\S+"), "WHO"),
    (re.compile(r"\b(\d+ min )?\d+( s|ms|[smhd])\b"), "LENGTH"),
    (re.compile(r"\d+(,\d{3})*(\.\d+)?(e-\d+)?"), "0"),
    (re.compile(r"(?<=\S) +"), " "),
)


def captured(page: str) -> dict[str, str]:
    """Each command of the page, and what it printed."""
    return {block["command"]: block["output"] for block in _BLOCK.finditer(page)}


def renewed(page: str, outputs: Mapping[str, str]) -> str:
    """The page with these outputs by command."""

    def block(found: re.Match[str]) -> str:
        command = found["command"]
        return f"<!-- capture: {command} -->\n\n```text\n{outputs[command]}```\n\n<!-- /capture -->"

    return _BLOCK.sub(block, page)


def alike(output: str) -> str:
    """An output without what differs from run to run."""
    output = _FOLDED.sub(" ", output)
    for pattern, word in _VARIES:
        output = pattern.sub(word, output)
    return "\n".join(line.rstrip() for line in output.splitlines())
