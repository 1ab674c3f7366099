"""Sentences folded at the screen's width: of the terminal, or 100 columns in a pipe.

Rule 1: nothing is cut. A name, an id or a path that is longer than a line stands on a line of its own, and only what is
        longer than any of them is broken; signs that are two columns wide are words by themselves.
Rule 2: what goes on in the next line is indented, so that a line which begins at the left is one of its own; no line
        has blanks at its end.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

WIDTH = 100
"""Columns where there is no terminal."""
_LEAST = 40
_GOES_ON = "    "
_LONGEST = 256
"""Characters of a word that is never broken; no route, id or cluster's path of a real system has more."""
_WIDE = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6"
"""Ideographs, kana, hangul and their like (UAX 11), between which a line may end."""
_WORD = re.compile(rf"(\s*)([{_WIDE}]|[^\s{_WIDE}]+)")
_INK = re.compile(r"\x1b\[[0-9;]*m")


def screen_width() -> int:
    """Of the terminal, or 100."""
    return max(shutil.get_terminal_size((WIDTH, 24)).columns, _LEAST)


def list_width() -> int | None:
    """That of the terminal; None in a pipe, where each record is one line (`banyan recent ROUTE | grep …`)."""
    return screen_width() if sys.stdout.isatty() else None


def folded(text: str, width: int, *, hang: int = 4) -> list[str]:
    """One line as several of at most `width` columns; those that go on are indented by `hang`, or as the first is."""
    rest = " " * max(hang, len(text) - len(text.lstrip()))
    ends = _breaks(text, width, len(rest))
    parts = [text[start:end].rstrip() for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    return [parts[0], *(rest + part for part in parts[1:])]


def _breaks(text: str, width: int, hang: int) -> list[int]:
    """Where lines begin that go on."""
    found, column = [], 0
    for blanks, begin, end in _words(text, width - hang):
        if column and column + _columns(text[blanks:end]) > width:
            found.append(begin)
            column = hang + _columns(text[begin:end])
        else:
            column += _columns(text[blanks:end])
    return found


def _words(text: str, most: int) -> Iterator[tuple[int, int, int]]:
    """Where the blanks before each begin, where it begins and where it ends; what is too long in pieces of `most`."""
    for word in _WORD.finditer(text):
        begin, end = word.span(2)
        pieces = [begin, *range(begin + most, end, most)] if end - begin > _LONGEST else [begin]
        yield word.start(), begin, pieces[1] if pieces[1:] else end
        yield from ((at, at, min(at + most, end)) for at in pieces[1:])


def folded_text(line: Text, width: int) -> Iterator[Text]:
    """The same of a text with styles."""
    for at, each in enumerate(line.divide(_breaks(line.plain, width, len(_GOES_ON)))):
        each.rstrip()
        yield Text(_GOES_ON).append_text(each) if at else each


def _columns(text: str) -> int:
    """That a terminal shows: colours take none."""
    return cell_len(_INK.sub("", text))
