"""Sentences folded at the screen's width: of the terminal, or 100 columns in a pipe.

Rule 1: nothing is cut. A name, an id or a path that is longer than a line stands on a line of its own.
Rule 2: what goes on in the next line is indented, so that a line which begins at the left is one of its own; no line
        has blanks at its end.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

WIDTH = 100
"""Columns where there is no terminal."""
_LEAST = 40
_GOES_ON = "    "
_WORD = re.compile(r"(\s*)(\S+)")
_INK = re.compile(r"\x1b\[[0-9;]*m")


def screen_width() -> int:
    """Of the terminal, or 100."""
    return max(shutil.get_terminal_size((WIDTH, 24)).columns, _LEAST)


def folded(text: str, width: int, *, hang: int = 4) -> list[str]:
    """One line as several of at most `width` columns; those that go on are indented by `hang`, or as the first is."""
    rest = " " * max(hang, len(text) - len(text.lstrip()))
    ends = _breaks(text, width, len(rest))
    parts = [text[start:end].rstrip() for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    return [parts[0], *(rest + part for part in parts[1:])]


def _breaks(text: str, width: int, hang: int) -> list[int]:
    """Where lines begin that go on."""
    found, column = [], 0
    for word in _WORD.finditer(text):
        if column and column + _columns(word[0]) > width:
            found.append(word.start(2))
            column = hang + _columns(word[2])
        else:
            column += _columns(word[0])
    return found


def folded_text(line: Text, width: int) -> Iterator[Text]:
    """The same of a text with styles."""
    for at, each in enumerate(line.divide(_breaks(line.plain, width, len(_GOES_ON)))):
        each.rstrip()
        yield Text(_GOES_ON).append_text(each) if at else each


def _columns(text: str) -> int:
    """That a terminal shows: colours take none."""
    return cell_len(_INK.sub("", text))
