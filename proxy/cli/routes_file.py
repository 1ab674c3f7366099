"""A routes.yaml loaded, or its problems: a line each that editors open, on a terminal the source line with a caret."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from unicodedata import combining, east_asian_width

from proxy.cli.help_text import UNUSABLE
from proxy.cli.terminal import Ink, complain, is_for_script, leave, painted
from proxy.config.load import Loaded, load_file
from proxy.config.text.problem import FileProblem
from proxy.core.nearest import nearest
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot

_MOST_PLACES = 3
_BAR = " │ "
"""Between a line of the file and its number."""


def load_or_leave(path: Path) -> Loaded:
    """The file as `serve` would load it; its problems on stderr and exit 2 when it has any.

    A variable that this shell lacks is no problem of the file: the process that serves may have it.
    """
    found = load_file(path, os.environ)
    if isinstance(found, Loaded):
        return found
    broken = [problem for problem in found if not problem.lacks]
    if broken:
        if is_for_script():
            complain("; ".join(map(str, broken)))
        else:
            sys.stderr.writelines(f"{line}\n" for line in problem_lines(broken, with_source=sys.stderr.isatty()))
        complain(f"{path} cannot be used.", "Mend what is listed above, or name another file with --config.")
    if len(broken) < len(found):
        complain(*_lacking(path, [problem for problem in found if problem.lacks]))
    return leave(UNUSABLE)


def _lacking(path: Path, problems: Sequence[FileProblem]) -> tuple[str, str]:
    """Which variables, where they stand, and how to run this as the process that serves runs."""
    names = list(dict.fromkeys(problem.lacks for problem in problems))
    places = ", ".join(f"{each.file}:{each.line}:{each.column}" for each in problems[:_MOST_PLACES])
    more = f" and {len(problems) - _MOST_PLACES} more" if len(problems) > _MOST_PLACES else ""
    said = f"this shell lacks {', '.join(names)}, which {path} takes from the environment ({places}{more})."
    cure = (
        f"The process that serves may have {'it' if len(names) == 1 else 'them'}: run this as that one runs, by "
        f"`docker exec CONTAINER banyan …`, by `systemd-run --pipe -p User=USER -p EnvironmentFile=FILE banyan …` "
        f"as its unit says, or by `sudo -u USER --preserve-env={','.join(names)} banyan …` where that is set."
    )
    return said, cure


def route_or_leave(config: Path, name: str) -> tuple[Snapshot, Route]:
    """The table, and its route of that name, which asks two systems; else exit 2, with the nearest name there is."""
    snapshot = load_or_leave(config).snapshot
    routes = {route.name: route for route in snapshot.routes if route.respond is None}
    if name not in routes:
        meant = nearest(name, routes)
        asked = f"Did you mean {meant}? " if meant else ""
        complain(f"{config} has no route {name!r} with two sides.", f"{asked}`banyan status` lists the routes.")
        leave(UNUSABLE)
    return snapshot, routes[name]


def problem_lines(problems: Iterable[FileProblem], *, with_source: bool | None = None) -> Iterator[str]:
    """Each problem; `with_source` None shows the source where a person reads (stdout is a terminal)."""
    shown = sys.stdout.isatty() if with_source is None else with_source
    for problem in problems:
        place = f"{problem.file}:{problem.line}:{problem.column}:"
        yield str(problem).replace(place, painted(place, Ink.STRONG), 1)
        if shown:
            yield from _source(problem)


def is_source(line: str) -> bool:
    """Whether such a line is one of the file, or marks a place in it: it stands as it is."""
    return _BAR in line


def _source(problem: FileProblem) -> Iterator[str]:
    lines = _lines_of(problem.file)
    if not problem.line <= len(lines):
        return
    line = "".join(mark if mark.isprintable() or mark == "\t" else "�" for mark in lines[problem.line - 1])
    number = f"{problem.line:5}{_BAR}"
    gap = "".join("\t" if mark == "\t" else " " * _cells(mark) for mark in line[: problem.column - 1])
    yield painted(number, Ink.FAINT) + line
    yield painted(" " * (len(number) - len(_BAR)) + _BAR, Ink.FAINT) + gap + painted("^", Ink.BAD)


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
