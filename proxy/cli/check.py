"""`banyan check`: whether `serve` would take this file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import Ink, leave, painted, say, say_json

if TYPE_CHECKING:
    from proxy.config.load import Loaded
    from proxy.config.text.problem import FileProblem

LESSON = Lesson(
    purpose="Check a routes.yaml by the very code that loads it.",
    example="banyan check routes.yaml",
    exits={
        FINE: "every file can be used; warnings are printed",
        FOUND: "there are warnings, and --strict was given",
        UNUSABLE: "a file has problems; all of them are listed",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One file: either `problems`, or what it holds. `stages` counts routes; `answered` are those with `respond`."""

    file: str
    ok: bool
    revision: str | None = None
    stages: dict[str, int]
    answered: int = 0
    upstreams: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    problems: tuple[FileProblem, ...] = ()


def check(
    files: Annotated[
        list[Path], typer.Argument(metavar="[FILE]...", help="Files to check, else that of --config.")
    ] = [],  # noqa: B006  typer copies it
    *,
    config: CONFIG = ROUTES,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with 1 when there are warnings.")] = False,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.app.code_problems import importable
    from proxy.config.load import load_file

    named = files if config == ROUTES else [*files, config]
    checked = [
        _checked(path, importable(load_file(path, os.environ), path)) for path in dict.fromkeys(named) or [ROUTES]
    ]
    if json:
        say_json({"files": checked})
    else:
        for file_checked in checked:
            _show(file_checked)
    leave(_exit_code(checked, strict=strict))


def _checked(path: Path, found: Loaded | list[FileProblem]) -> Checked:
    if isinstance(found, list):
        return Checked(file=str(path), ok=False, stages={}, problems=tuple(found))
    if found.bad_files:
        return Checked(
            file=str(path), ok=False, stages={}, problems=tuple(bad_file.problem for bad_file in found.bad_files)
        )
    routes = found.snapshot.routes
    stages = Counter(route.stage.value for route in routes if route.respond is None)
    return Checked(
        file=str(path),
        ok=True,
        revision=found.snapshot.revision,
        stages=dict(stages),
        answered=sum(route.respond is not None for route in routes),
        upstreams=tuple(found.snapshot.upstreams),
        warnings=tuple(found.warnings),
        remarks=found.remarks,
    )


def _exit_code(checked: list[Checked], *, strict: bool) -> int:
    if not all(file_checked.ok for file_checked in checked):
        return UNUSABLE
    return FOUND if strict and any(file_checked.warnings for file_checked in checked) else FINE


def _show(checked: Checked) -> None:
    """At a terminal folded, beside lines of the file as they stand there; in a pipe one line for each that is found."""
    from proxy.cli.folded import folded, list_width
    from proxy.cli.routes_file import is_source, problem_lines

    width = list_width()
    for line in (*problem_lines(checked.problems), *_lines(checked)):
        for each in [line] if width is None or is_source(line) else folded(line, width):
            say(each)


def _lines(checked: Checked) -> Iterator[str]:
    """What is said of the file, below its problems."""
    for warning in checked.warnings:
        yield f"{warning} {painted('(a warning)', Ink.WARN)}"
    for remark in checked.remarks:
        yield f"{remark} {painted('(a remark)', Ink.FAINT)}"
    if not checked.ok:
        count = _count(len(checked.problems), "problem")
        yield f"{checked.file}: {painted(count, Ink.BAD)}; nothing of this file would be loaded"
        return
    yield f"{checked.file}: {painted('fine', Ink.GOOD)}: {_contents(checked)}; revision {checked.revision}"


def _contents(checked: Checked) -> str:
    """`12 routes (legacy 9, canary 3), 2 upstreams (legacy, new), no warnings`."""
    kinds = [f"{stage} {count}" for stage, count in checked.stages.items()]
    kinds += [f"answered here {checked.answered}"] if checked.answered else []
    routes = _count(sum(checked.stages.values()) + checked.answered, "route")
    upstreams = f"{_count(len(checked.upstreams), 'upstream')} ({', '.join(checked.upstreams)})"
    return f"{routes} ({', '.join(kinds)}), {upstreams}, {_count(len(checked.warnings), 'warning')}"


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
