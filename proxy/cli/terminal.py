"""What a person at a terminal sees, and what a file or pipe gets instead.

Rule 1: colours only where a terminal shows them; NO_COLOR (any value) and TERM=dumb turn them off.
Rule 2: what was asked for goes to stdout, everything else to stderr.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console

_UNBOUNDED = 10_000


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


def complain(text: str, cure: str = "") -> None:
    """What went wrong, and below it what to do."""
    sys.stderr.write(f"{painted('banyan:', Ink.BAD, sys.stderr)} {text}\n")
    if cure:
        sys.stderr.write(f"        {cure}\n")


def leave(code: int) -> NoReturn:
    """End the command with this exit code."""
    raise typer.Exit(code)


def console() -> Console:
    """Where tables go: as wide as the terminal, or as wide as they want to be."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_UNBOUNDED)


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
