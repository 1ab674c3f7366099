"""What a README shows, and what a story has told, in a form in which two runs are alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from tests.examples.conftest import ROOT

_BLOCK = re.compile(r"```(?P<kind>console|text)\n(?P<text>.*?)```", re.DOTALL)
_CHANGING = re.compile(r"\b[0-9a-f]{12}\b|[0-9]+(?:[.:,-][0-9]+)*")
_KEYS = re.compile(r"\bkeys? differs?\b")
_NUMBER = "N"


@dataclass(frozen=True, slots=True)
class ToldCommand:
    """A command, and the lines that it printed, alike."""

    command: str
    lines: tuple[str, ...]


def shown_commands(readme: str) -> Iterator[ToldCommand]:
    """Of its blocks `console`."""
    for block in _BLOCK.finditer(readme):
        if block["kind"] == "console":
            command, *lines = block["text"].splitlines()
            yield ToldCommand(command.removeprefix("$ "), steady(lines))


def shown_lines(readme: str) -> Iterator[str]:
    """Of its blocks `text`."""
    for block in _BLOCK.finditer(readme):
        if block["kind"] == "text":
            yield from steady(block["text"].splitlines())


def told_commands(said: str) -> Iterator[ToldCommand]:
    """Of a story: what is indented below a command was printed by it."""
    lines = said.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("  $ banyan "):
            end = next((end for end in range(at + 1, len(lines)) if not lines[end].startswith("    ")), len(lines))
            yield ToldCommand(line.removeprefix("  $ "), steady(lines[at + 1 : end]))


def table_of_all() -> list[str]:
    """The lines of what the README shows of `banyan example --all`."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"banyan example --all --fast\n```\n.*?^```text\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    return found[1].splitlines() if found else []


def figures_in_the_table(story: str) -> tuple[str, ...]:
    """The names of its figures there, in their order."""
    heads, *lines = table_of_all()
    at = [heads.index(head) for head in ("figure", "value")]
    named, names = "", []
    for line in lines:
        named = line.split(" ", 1)[0] or named
        if named == story and (name := line[slice(*at)].strip()):
            names.append(name)
    return tuple(names[1:])


def steady(lines: list[str]) -> tuple[str, ...]:
    """Without numbers, ids, widths of columns, and lines that are as the one before."""
    bare = (" ".join(_KEYS.sub("keys differ", _CHANGING.sub(_NUMBER, line)).split()) for line in lines)
    return tuple(line for line, _ in groupby(bare) if not line.startswith("…"))
