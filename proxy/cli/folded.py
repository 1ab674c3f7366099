"""Sentences folded at the screen's width: of the terminal, or 100 columns in a pipe.

Rule 1: nothing is cut. A name, an id or a path that is longer than a line stands on a line of its own.
Rule 2: what goes on in the next line is indented, so that a line which begins at the left is one of its own; no line
        has blanks at its end.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable

from rich.cells import cell_len

from proxy.cli.terminal import say

WIDTH = 100
"""Columns where there is no terminal."""
_LEAST = 40
_WORD = re.compile(r"(\s*)(\S+)")
_INK = re.compile(r"\x1b\[[0-9;]*m")


def screen_width() -> int:
    """Of the terminal, or 100."""
    return max(shutil.get_terminal_size((WIDTH, 24)).columns, _LEAST)


def folded(text: str, width: int, *, hang: int = 4) -> list[str]:
    """One line as several of at most `width` columns; those that go on are indented by `hang`, or as the first is."""
    rest = " " * max(hang, len(text) - len(text.lstrip()))
    lines, line = [], ""
    for blank, word in _WORD.findall(text):
        if line.strip() and _columns(line + blank + word) > width:
            lines.append(line)
            line = rest + word
        else:
            line += blank + word
    return [*lines, line]


def say_folded(lines: Iterable[str], *, hang: int = 4) -> None:
    """Each as a line of the answer, or as several."""
    width = screen_width()
    for line in lines:
        for each in folded(line, width, hang=hang):
            say(each)


def _columns(text: str) -> int:
    """That a terminal shows: colours take none."""
    return cell_len(_INK.sub("", text))
