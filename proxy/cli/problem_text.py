"""Problems of a routes.yaml as text: one line that editors open, and on a terminal the source line with a caret."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from unicodedata import combining, east_asian_width

from proxy.cli.terminal import Ink, painted
from proxy.config.text.problem import FileProblem


def problem_lines(problems: Iterable[FileProblem], *, with_source: bool | None = None) -> Iterator[str]:
    """Each problem; `with_source` None shows the source where a person reads (stdout is a terminal)."""
    shown = sys.stdout.isatty() if with_source is None else with_source
    for problem in problems:
        place = f"{problem.file}:{problem.line}:{problem.column}:"
        yield str(problem).replace(place, painted(place, Ink.STRONG), 1)
        if shown:
            yield from _source(problem)


def _source(problem: FileProblem) -> Iterator[str]:
    lines = _lines_of(problem.file)
    if not problem.line <= len(lines):
        return
    line = "".join(mark if mark.isprintable() or mark == "\t" else "�" for mark in lines[problem.line - 1])
    number = f"{problem.line:5} │ "
    gap = "".join("\t" if mark == "\t" else " " * _cells(mark) for mark in line[: problem.column - 1])
    yield painted(number, Ink.FAINT) + line
    yield painted(" " * (len(number) - 2) + "│ ", Ink.FAINT) + gap + painted("^", Ink.BAD)


@cache
def _lines_of(file: str) -> tuple[str, ...]:
    """The file as it stands, or nothing where it cannot be read: the problem says so already."""
    try:
        return tuple(Path(file).read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return ()


def _cells(mark: str) -> int:
    """How many columns of a terminal a character takes."""
    return 0 if combining(mark) else 2 if east_asian_width(mark) in "WF" else 1
