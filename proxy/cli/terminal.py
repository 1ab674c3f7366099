"""What a person at a terminal sees, and what a file or pipe gets instead.

Rule 1: colours only where a terminal shows them; NO_COLOR (any value) and TERM=dumb turn them off.
Rule 2: what was asked for goes to stdout, everything else to stderr.
Rule 3: with `--json` all that a command complains of is one JSON object on stderr when it ends, `error` and `exit`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_UNBOUNDED = 10_000
_BELOW = " " * 8
"""Before what stands below `banyan:`."""


class Ink(StrEnum):
    """Colours by meaning, as the parameters of SGR (ECMA-48 section 8.3.117)."""

    GOOD = "32"
    WARN = "33"
    BAD = "31"
    STRONG = "1"
    FAINT = "2"


def is_coloured(stream: TextIO) -> bool:
    """Whether this stream ends at a terminal that shows colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str, ink: Ink, stream: TextIO | None = None) -> str:
    """`text` in a colour, where `stream` (stdout) shows colours."""
    return f"\x1b[{ink}m{text}\x1b[0m" if is_coloured(stream or sys.stdout) else text


def say(text: str = "") -> None:
    """A line of the answer, at once: somebody may wait for it at the other end of a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@dataclass(slots=True, kw_only=True)
class _ForScript:
    """What a command that answers in JSON has complained of, and how it leaves."""

    complaints: list[str] = field(default_factory=list)
    code: int = 0


_script: ContextVar[_ForScript | None] = ContextVar("_script", default=None)


def answer_script(command: typer.Context) -> None:
    """Rule 3, for this command until it ends."""
    before = _script.set(_ForScript())
    command.call_on_close(partial(_tell_script, before))


def _tell_script(before: Token[_ForScript | None]) -> None:
    import json

    script = _script.get()
    _script.reset(before)
    if script is not None and script.complaints:
        told = {"error": "\n".join(script.complaints), "exit": script.code}
        sys.stderr.write(f"{json.dumps(told, ensure_ascii=False)}\n")


def is_for_script() -> bool:
    """Whether the command that runs answers in JSON."""
    return _script.get() is not None


def complain(text: str, cure: str = "") -> None:
    """What went wrong, and below it what to do."""
    script = _script.get()
    if script is not None:
        script.complaints += filter(None, (text, cure))
        return
    from proxy.cli.folded import folded, screen_width

    said = [f"{painted('banyan:', Ink.BAD, sys.stderr)} {text}", *[f"{_BELOW}{cure}"] * bool(cure)]
    for line in said:
        sys.stderr.writelines(f"{each}\n" for each in folded(line, screen_width(), hang=len(_BELOW)))


def leave(code: int) -> NoReturn:
    """End the command with this exit code."""
    script = _script.get()
    if script is not None:
        script.code = code
    raise typer.Exit(code)


def console() -> Console:
    """Where tables go: as wide as the terminal, or as wide as they want to be."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_UNBOUNDED)


def say_folded(lines: Iterable[str], *, hang: int = 4) -> None:
    """Each as a line of the answer, or as several; what goes on is indented by `hang`, or as deep as the line is."""
    from proxy.cli.folded import folded, screen_width

    for line in lines:
        for each in folded(line, screen_width(), hang=hang):
            say(each)


def say_texts(lines: Iterable[Text]) -> None:
    """Rows of tables, which stand as they are (`no_wrap`), and sentences among them, folded."""
    from proxy.cli.folded import folded_text, screen_width

    screen = console()
    for line in lines:
        for each in [line] if line.no_wrap else folded_text(line, screen_width()):
            screen.print(each, crop=False, no_wrap=True, overflow="ignore")


def say_json(value: object) -> None:
    """Dataclasses, lists and plain values, as indented JSON."""
    import msgspec

    say(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def this_command() -> str:
    """How `banyan` was called, in a form that works from any folder and in any shell."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{sys.executable} -m proxy"
    return "banyan" if called == Path("banyan") else str(called.resolve())
